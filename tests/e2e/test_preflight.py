"""guichet preflight: an operator's general.yml against the configuration of a gateway."""

import gateway
from gateway import GatewayTest

GENERAL = """\
INCOMING_EMAIL_DOMAIN: 'example.test'
INCOMING_EMAIL_PREFIX: 'foi+'
INCOMING_EMAIL_SECRET: 'xyzzy'
PRODUCTION_MAILER_RETRIEVER_METHOD: pop
POP_MAILER_ADDRESS: localhost
POP_MAILER_PORT: 2110
POP_MAILER_USER_NAME: foi
POP_MAILER_PASSWORD: 'secret'
POP_MAILER_ENABLE_SSL: false
FORWARD_NONBOUNCE_RESPONSES_TO: team@people.example
MTA_LOG_TYPE: postfix
MTA_LOG_PATH: '/var/log/mail/mail.log-*'
"""


class Preflight(GatewayTest):
    def preflight(self, text, code):
        made = gateway.Gateway(self.folder, {"popd.listen": ["127.0.0.1:2110"]})
        path = self.folder / "general.yml"
        path.write_bytes(text.encode())
        done = made.command("preflight", str(path), check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.decode() + done.stderr.decode()

    def test_a_good_one_needs_nothing(self):
        said = self.preflight(GENERAL, 0)
        self.assertIn("nothing must change", said)
        self.assertIn("AlaveteliFeatures.backend.enable(:accept_mail_from_anywhere)", said)
        self.assertNotIn("xyzzy", said)

    def test_what_must_change_comes_with_the_lines_to_write(self):
        said = self.preflight(GENERAL.replace("2110", "995").replace("pop\n", "passive\n"), 1)
        self.assertIn("            PRODUCTION_MAILER_RETRIEVER_METHOD: pop\n", said)
        self.assertIn("            POP_MAILER_PORT: 2110\n", said)
        self.assertIn("2 things must change", said)

    def test_what_is_no_general_yml(self):
        self.assertIn("line 1: ", self.preflight("\x1b[2J: b: c\n", 1))
        said = self.preflight(GENERAL.replace("foi+", "\\\\x1b[2J\u202e"), 1)
        self.assertNotIn("\u202e", said)
        self.assertNotIn("\x1b", said)

    def test_no_store_is_made_and_no_file_is_no_reason_to_guess(self):
        made = gateway.Gateway(self.folder)
        done = made.command("preflight", str(self.folder / "none.yml"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No such file", done.stderr)
        self.assertFalse(made.store.exists())


if __name__ == "__main__":
    gateway.main()
