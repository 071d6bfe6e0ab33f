"""The market in Bybit v5's words: linear perpetuals of a unified account, REST and websocket.

Source:  bybit-exchange.github.io/docs/v5
"""
