package desk_test

import "github.com/frontdesk-go/frontdesk"

// The rows of presence and handing out in the table of rights.
func init() {
	commands["SignIn"] = command{works, false, true, func(s *frontdesk.Session, _ *scene) error { return s.SignIn(ctx) }}
	commands["SignOut"] = command{works, false, true, func(s *frontdesk.Session, _ *scene) error { return s.SignOut(ctx) }}
	commands["SetAway"] = command{works, false, true, func(s *frontdesk.Session, _ *scene) error {
		if err := s.SignIn(ctx); err != nil {
			return err
		}
		return s.SetAway(ctx, true)
	}}
	commands["Active"] = command{works, false, true, func(s *frontdesk.Session, _ *scene) error {
		if err := s.SignIn(ctx); err != nil {
			return err
		}
		return s.Active(ctx)
	}}
	commands["Presences"] = command{reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Presences(ctx)) }}
	commands["RequestHandover"] = command{works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.RequestHandover(ctx, x.conv))
	}}
}
