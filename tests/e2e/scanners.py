"""rspamd and clamd, real ones, with rules and signatures of our own; each ends with the test that started it.

What rspamd says is in the subject: "score 7.5" is a score, "reject" and "soft reject" are its actions. What clamd
finds is MARKER. Neither writes outside of its folder, or asks anybody for anything.
"""

import os
import shutil
import socket
import subprocess
import time
import unittest

MARKER = b"guichet-test-marker-7f3a9c"

RULES = r"""
rspamd_config.SAID = {
  score = 1.0,
  callback = function(task)
    local score = string.match(task:get_subject() or '', 'score (-?[%d.]+)')
    if score then return true, tonumber(score) end
    return false
  end
}
rspamd_config.ACTION = {
  score = 0.0,
  callback = function(task)
    local subject = task:get_subject() or ''
    if string.match(subject, 'soft reject') then
      task:set_pre_result('soft reject', 'try again later')
    elseif string.match(subject, 'reject') then
      task:set_pre_result('reject', 'not wanted here')
    end
    return false
  end
}
"""


def program(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if not found:
        raise unittest.SkipTest(f"{name} is not there")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    def __init__(self, test, words, port, within_s=60):
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.address = f"127.0.0.1:{port}"
        test.addCleanup(self.stop)
        deadline = time.monotonic() + within_s
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{words[0]} does not come up") from None
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def clamd(test, folder):
    (folder / "db").mkdir(parents=True)
    (folder / "tmp").mkdir()
    (folder / "db/own.ndb").write_text(f"Guichet.Test.Marker:0:*:{MARKER.hex()}\n")
    port = free_port()
    (folder / "clamd.conf").write_text(
        f"Foreground yes\nLogFile {folder}/clamd.log\nDatabaseDirectory {folder}/db\nTemporaryDirectory {folder}/tmp\n"
        f"TCPSocket {port}\nTCPAddr 127.0.0.1\nStreamMaxLength 20M\nMaxFileSize 20M\nAlertExceedsMax yes\n"
        "MaxThreads 2\nSelfCheck 0\n")
    return Daemon(test, [program("clamd"), f"--config-file={folder}/clamd.conf"], port)


def rspamd(test, folder):
    (folder / "tmp").mkdir(parents=True)
    (folder / "tld.dat").write_text("com\norg\nexample\n")
    (folder / "rules.lua").write_text(RULES)
    port = free_port()
    (folder / "rspamd.conf").write_text(f"""
options {{ filters = ""; disable_hyperscan = true; pidfile = "{folder}/pid"; cache_file = "{folder}/symbols.cache";
  dynamic_conf = "{folder}/dynamic"; history_file = "{folder}/history"; stats_file = "{folder}/stats.ucl";
  hs_cache_dir = "{folder}/"; tempdir = "{folder}/tmp"; url_tld = "{folder}/tld.dat";
  control_socket = "{folder}/control.sock mode=0600"; allow_raw_input = true;
  dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; sockets = 1; }} }}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; mime = true; }}
actions {{ reject = 1500; add_header = 600; greylist = 400; }}
lang_detection {{ languages = "{folder}/no-languages"; }}
lua = "{folder}/rules.lua";
""")
    words = [program("rspamd"), "-f", "-c", f"{folder}/rspamd.conf"]
    if os.geteuid() == 0:
        words += ["--insecure", "-u", "root", "-g", "root"]
    return Daemon(test, words, port)
