package cards

import (
	"slices"
	"time"

	pb "github.com/opensqt/connector/conformance/marketmakerv1"
)

// A sane account: what the engine divides by and decides by is there and in its range.
func (t *T) sound(a *pb.Account) {
	t.Helper()
	health := t.number("health_score", a.GetHealthScore())
	t.check(health > 0 && health <= 1, "health_score is %v, want above 0 and up to 1", health)
	t.check(len(a.GetPositions()) > 0 || health == 1, "health_score is %v without a position", health)
	t.check(a.GetAccountLeverage() >= 1, "account_leverage is %d", a.GetAccountLeverage())
	t.number("available_balance", a.GetAvailableBalance())
	t.number("total_wallet_balance", a.GetTotalWalletBalance())
	t.number("total_margin_balance", a.GetTotalMarginBalance())
	t.number("adjusted_equity", a.GetAdjustedEquity())
	maintenance := t.number("total_maintenance_margin", a.GetTotalMaintenanceMargin())
	t.check(maintenance >= 0, "total_maintenance_margin is %v", maintenance)
	rows := map[string]bool{}
	for _, position := range a.GetPositions() {
		t.check(!rows[position.GetSymbol()], "two rows of %s", position.GetSymbol())
		rows[position.GetSymbol()] = true
		t.soundPosition(position)
	}
}

func (t *T) soundPosition(p *pb.Position) {
	t.Helper()
	t.check(t.exact("size", p.GetSize()).Sign() != 0, "%s is listed with size 0", p.GetSymbol())
	if p.GetLiquidationPrice() != nil {
		t.positive("mark_price beside liquidation_price", p.GetMarkPrice())
	}
	haircut := t.number("haircut", p.GetHaircut())
	t.check(haircut > 0 && haircut <= 1, "haircut is %v", haircut)
	t.check(p.GetLeverage() >= 1, "leverage is %d", p.GetLeverage())
	t.check(slices.Contains([]string{"cross", "isolated", ""}, p.GetMarginType()), "margin_type is %q", p.GetMarginType())
	t.positive("entry_price", p.GetEntryPrice())
	t.number("unrealized_pnl", p.GetUnrealizedPnl())
}

var account = []Card{
	{
		Number: "4.01", Title: "a position is one signed row: long above zero, short below, flat not listed",
		Given: "an account that may trade", Do: "buy 2, sell 4, buy 2 at the market, GetPositions after each",
		Expect: "2, -2, none", Pass: "these sizes, one row", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			for _, step := range []struct {
				side         pb.OrderSide
				factor, left int64
			}{{buy, 2, 2}, {sell, 4, -2}, {buy, 2, 0}} {
				t.place(r.atMarket(step.side, step.factor))
				held, err := t.GetPositions(t.Ctx, &pb.GetPositionsRequest{Symbol: r.symbol})
				t.must(err)
				if step.left == 0 {
					t.check(len(held.GetPositions()) == 0, "flat, but listed: %v", held.GetPositions())
					continue
				}
				t.check(len(held.GetPositions()) == 1, "%d rows", len(held.GetPositions()))
				for _, position := range held.GetPositions() {
					want := times(r.size, ratio(step.left, 1))
					t.check(t.exact("size", position.GetSize()).Cmp(want) == 0, "size is %s, want %v", position.GetSize().GetValue(), want)
				}
			}
		},
	},
	{
		Number: "4.03", Title: "the position stream tells changes, and a closed position once with size 0",
		Given: "an open position stream of a flat symbol", Do: "buy at the market, then sell as much", Expect: "the size, then 0",
		Pass: "the size within 10 s; 0 within 10 s, exactly once", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			t.place(r.atMarket(buy, 1)) // there is something to tell at once
			stream := t.positions(r.symbol)
			stream.first("position", 10*time.Second, func(p *pb.Position) bool { return p.GetSize().GetValue() != "" })
			t.place(r.atMarket(buy, 1))
			twice := times(r.size, ratio(2, 1))
			stream.first("doubled position", 10*time.Second, func(p *pb.Position) bool { return t.exact("size", p.GetSize()).Cmp(twice) == 0 })
			t.place(r.atMarket(sell, 2))
			flat := func(p *pb.Position) bool { return t.exact("size", p.GetSize()).Sign() == 0 }
			stream.first("flat position", 10*time.Second, flat)
			t.rest(2 * time.Second)
			zeros := 0
			for _, each := range stream.all() {
				if flat(each.M) {
					zeros++
				}
			}
			t.check(zeros == 1, "size 0 was told %d times", zeros)
		},
	},
	{
		Number: "4.04", Title: "a position has what the engine reads: mark price, leverage, margin type, haircut, profit",
		Given: "an account that may trade", Do: "a market order each way on two turns, GetPositions", Expect: "positions",
		Pass: "mark_price above 0 whenever liquidation_price is set; haircut above 0 and up to 1; leverage from 1; margin_type cross, isolated or empty", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			for _, step := range []struct {
				side   pb.OrderSide
				factor int64
			}{{buy, 1}, {sell, 2}} {
				t.place(r.atMarket(step.side, step.factor))
				held, err := t.GetPositions(t.Ctx, &pb.GetPositionsRequest{Symbol: r.symbol})
				t.must(err)
				t.check(len(held.GetPositions()) == 1, "%d rows", len(held.GetPositions()))
				for _, position := range held.GetPositions() {
					t.soundPosition(position)
				}
			}
		},
	},
	{
		Number: "4.06", Title: "the account's health is 1 without a position",
		Given: "an account that holds nothing", Do: "GetAccount", Expect: "health_score", Pass: "1; leverage 1 when nothing is known", On: "quiet",
		Play: func(t *T) {
			account, err := t.GetAccount(t.Ctx, &pb.GetAccountRequest{})
			t.must(err)
			t.check(len(account.GetPositions()) == 0 && t.number("health_score", account.GetHealthScore()) == 1, "account is %v", account)
			t.sound(account)
		},
	},
	{
		Number: "4.08", Title: "the account has its health in 0 to 1, never a made-up 0, and each figure that the engine reads",
		Given: "an account that may trade", Do: "a position, then GetAccount", Expect: "an account with the position",
		Pass: "health above 0 and up to 1; leverage from 1; balances, equity, maintenance margin set; sound positions", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			t.place(r.atMarket(buy, 1))
			account, err := t.GetAccount(t.Ctx, &pb.GetAccountRequest{})
			t.must(err)
			t.sound(account)
			t.check(slices.ContainsFunc(account.GetPositions(), func(p *pb.Position) bool { return p.GetSymbol() == r.symbol }),
				"the position in %s is not in it", r.symbol)
			t.positive("total_maintenance_margin", account.GetTotalMaintenanceMargin())
		},
	},
	{
		Number: "4.09", Title: "the account stream sends the account at once, then changes",
		Given: "an account that may trade", Do: "SubscribeAccount, then a market order", Expect: "an account within 10 s, then one with the position",
		Pass: "both, and each is sound", Trades: true,
		Play: func(t *T) {
			r := t.rules(t.own())
			began := time.Now()
			stream := t.accounts()
			first := stream.until("account", 10*time.Second, some)[0]
			t.figure("first account after %v", first.at.Sub(began).Round(time.Millisecond))
			t.place(r.atMarket(buy, 1))
			stream.first("account with the position", 10*time.Second, func(a *pb.Account) bool {
				return slices.ContainsFunc(a.GetPositions(), func(p *pb.Position) bool { return p.GetSymbol() == r.symbol })
			})
			for _, each := range stream.all() {
				t.sound(each.M)
			}
		},
	},
	{
		Number: "4.10", Title: "a quiet account is repeated every 10 s",
		Given: "an exchange on which nothing moves", Do: "SubscribeAccount, 12 s", Expect: "the account, and again",
		Pass: "the second within 11 s of the first", On: "quiet",
		Play: func(t *T) {
			got := t.accounts().until("two accounts", 25*time.Second, atLeast[pb.Account](2))
			gap := got[1].at.Sub(got[0].at)
			t.figure("repeated after %v", gap.Round(time.Millisecond))
			t.check(gap < 11*time.Second, "repeated after %v", gap)
			t.sound(got[0].M)
		},
	},
	{
		Number: "4.11", Title: "the position stream begins with what is held",
		Given: "a position", Do: "SubscribePositions of its symbol, and of none", Expect: "the position within 10 s",
		Pass: "its size, in the spelling asked for, and BASEQUOTE where none was named", Trades: true,
		Play: func(t *T) {
			own := t.own()
			r := t.rules(own)
			t.place(r.atMarket(sell, 1))
			for _, asked := range []string{own, t.longForm(own), ""} {
				spelled := asked
				if asked == "" {
					spelled = own
				}
				got := t.positions(asked).first("position of "+spelled, 10*time.Second, func(p *pb.Position) bool { return p.GetSymbol() == spelled })
				t.check(t.exact("size", got.M.GetSize()).Cmp(times(r.size, ratio(-1, 1))) == 0, "size is %s", got.M.GetSize().GetValue())
			}
		},
	},
	{
		Number: "4.12", Title: "a balance is told for any asset, 0 for one that isn't held",
		Given: "a connector that serves", Do: "GetBalance of the quote asset, and of one that nobody has", Expect: "amounts",
		Pass: "above 0 on the embedded exchange, 0",
		Skip: "at ADDRESS unless TRADE is 1: the connector may have no account",
		Play: func(t *T) {
			if !t.on.mayTrade {
				t.skipf("the connector at %s may have no account", t.on.address)
			}
			quote := t.rules(t.any()).GetQuoteAsset()
			held, err := t.GetBalance(t.Ctx, &pb.GetBalanceRequest{Asset: quote})
			t.must(err)
			amount := t.number("balance", held.GetBalance())
			t.check(amount > 0 || t.on.process == nil, "%s: %v", quote, amount)
			none, err := t.GetBalance(t.Ctx, &pb.GetBalanceRequest{Asset: "NOSUCHASSET"})
			t.must(err)
			t.check(t.exact("balance", none.GetBalance()).Sign() == 0, "NOSUCHASSET: %v", none.GetBalance())
		},
	},
}
