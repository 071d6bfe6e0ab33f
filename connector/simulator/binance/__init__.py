"""The market in Binance USD-M futures' words: REST and websocket.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures
"""
