"""Completion of the command line in a shell, and the manual page: both made by the program of its own command tree."""
import contextlib
import os
import pty
import select
import shutil
import subprocess
import unittest

import server as servers
from server import DELTA_2, cli, run_tests, temporary_folder, told

# What is typed, and all that bash offers for its last word.
OFFERED = [
    ("gridloom acc", ["account"]),
    ("gridloom account ro", ["rotate"]),
    ("gridloom device rem", ["remove"]),
    ("gridloom time st", ["step"]),
    ("gridloom help device pu", ["purge"]),
    ("gridloom serve --htt", ["--http", "--https"]),
    ("gridloom --v", ["--version"]),
    ("gridloom --config serve account li", ["list"]),
    ("gridloom time step --da", ["--data"]),
    ("gridloom bench mqtt --tls", []),  # a former spelling is accepted, and not offered
    ("gridloom completion z", ["zsh"]),
    ("gridloom history SN soc --format sp", ["spark"]),
    ("gridloom history SN soc --format=sp", ["spark"]),
    ("gridloom device share SN ann mon", ["monitor"]),
    (
        "gridloom family show delta",
        ["delta_2", "delta_2_max", "delta_3_max", "delta_max", "delta_pro", "delta_pro_3", "delta_pro_ultra"],
    ),
    ("gridloom family show delta_2 pd.so", ["pd.soc"]),
    ("gridloom home show dem", ["demo"]),
    ("gridloom explain delta_2 acChg", ["acChgCfg"]),
    ("gridloom explain delta_2 pd.so", ["pd.soc"]),
    ("gridloom set R331SECOND mppt.cfgChgW", ["mppt.cfgChgWatts"]),
    ("gridloom set R331SECOND acChg", ["acChgCfg"]),
    ("gridloom set R331SECOND acChgCfg chgW", ["chgWatts="]),
    ("gridloom set R331SECOND pd.beepMode s", ["silent", "sounds"]),
    ("gridloom history R331SECOND pd.soc,pd.wattsO", ["pd.soc,pd.wattsOutSum"]),
    ("gridloom wait R331SECOND pd.so", ["pd.soc"]),
    ("gridloom wait R331SECOND onl", ["online"]),
    ("gridloom status --profile e", ["env"]),
    ("gridloom token add x --scope ad", ["admin"]),
    ("gridloom serve --home dem", ["demo"]),
    ("gridloom energy --period we", ["week"]),
    ("gridloom top --ev", ["--every"]),
    ("gridloom fault on disc", ["disconnect"]),
    ("gridloom fault on slow", ["slow_answer"]),
    ("gridloom limits --limit http.body", ["http.body-bytes="]),
    ("gridloom frobnicate ", []),
]


class CompletionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary_folder()
        (cls.folder / "gridloom").symlink_to(servers.GRIDLOOM)
        (cls.folder / "some.loom").write_text("")
        (cls.folder / "some.folder").mkdir()
        cls.data = cls.folder / "home"
        told(cli("account", "add", "ann", data=cls.data))
        told(cli("account", "add", "andy", data=cls.data))
        for sn, name in ((DELTA_2, "Kitchen station"), ("R331SECOND", "Shed station")):
            told(cli("device", "add", sn, "--owner", "ann", "--name", name, data=cls.data))
        cls.script = cls.folder / "script"
        cls.script.write_text(cli("completion", "bash").stdout)

    def offered(self, typed, **environment):
        """What bash offers, as it would call the function for this line."""
        # Bash splits a line at '=' too.
        split = typed.replace("=", " = ").split() + ([""] if typed.endswith((" ", "=")) else [])
        quoted = " ".join(f"'{word}'" for word in split)
        program = (f". '{self.script}'\nCOMP_WORDS=({quoted})\nCOMP_CWORD={len(split) - 1}\n"
                   f"COMP_LINE='{typed}'\nCOMP_POINT={len(typed)}\n_gridloom\n"
                   "((${#COMPREPLY[@]})) && printf '%s\\n' \"${COMPREPLY[@]}\"\nexit 0")
        done = subprocess.run(
            ["bash", "-c", program], capture_output=True, text=True, cwd=self.folder, check=True,
            env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", **environment})
        self.assertEqual(done.stderr, "", typed)
        return done.stdout.splitlines()

    def test_bash_offers_commands_options_and_values(self):
        for typed, expected in OFFERED:
            with self.subTest(typed):
                self.assertEqual(sorted(self.offered(typed)), expected)

    def test_bash_offers_what_is_in_the_data_folder(self):
        for typed, expected in [
            (f"gridloom device rotate --data {self.data} R331", ["R331SECOND", DELTA_2]),
            (f"gridloom device list --data {self.data} --owner an", ["andy", "ann"]),
            (f"gridloom get --data {self.data} kit", ["kitchen"]),
            (f"gridloom get --data {self.data} Kit", ["Kitchen"]),
            (f"gridloom get --data {self.data} sta", []),
            (f"gridloom get --data {self.data} kitchen pd.so", ["pd.soc"]),
            (f"gridloom history --data={self.data} R331S", ["R331SECOND"]),
        ]:
            with self.subTest(typed):
                self.assertEqual(self.offered(typed), expected)
        self.assertEqual(self.offered("gridloom device rotate R331S"), [], "no data folder here")
        self.assertEqual(self.offered("gridloom device rotate R331S", GRIDLOOM_DATA=str(self.data)), ["R331SECOND"])
        self.assertEqual(self.offered(f"gridloom history {DELTA_2} so"), ["soc"])
        self.assertFalse((self.folder / "data").exists(), "nothing is made by asking")

    def test_bash_offers_files_and_folders(self):
        self.assertEqual(sorted(self.offered("gridloom replay some")), ["some.folder", "some.loom"])
        self.assertEqual(self.offered("gridloom check some"), ["some.folder"])
        self.assertEqual(self.offered("gridloom migrate --from some"), ["some.folder"])
        self.assertEqual(sorted(self.offered("gridloom home show some")), ["some.folder", "some.loom"])
        self.assertEqual(sorted(self.offered("gridloom home show ")),
                         ["all", "balcony", "chalet", "demo", "hamburg", "metered"])
        self.assertEqual(self.offered("gridloom serve --data some"), ["some.folder"])

    def script_for(self, shell, *flags):
        """The shell's script, whose syntax it has checked."""
        file = self.folder / f"script.{shell}"
        file.write_text(cli("completion", shell).stdout)
        self.assertIn("gridloom", file.read_text().splitlines()[0])
        if shutil.which(shell) is None:
            self.skipTest(f"there is no {shell} on this machine")
        done = subprocess.run([shell, *flags, file], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return file

    def environment(self):
        """For shells that keep things at home."""
        return {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "HOME": str(self.folder), "TERM": "xterm",
                "XDG_CONFIG_HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}

    def test_fish_offers_the_same(self):
        script = self.script_for("fish", "--no-execute")
        for typed, expected in OFFERED:
            with self.subTest(typed):
                done = subprocess.run(["fish", "--no-config", "-c", f"source '{script}'; complete -C '{typed}'"],
                                      capture_output=True, text=True, cwd=self.folder, env=self.environment())
                self.assertEqual(done.stderr, "")
                words = {word.partition("\t")[0] for word in done.stdout.splitlines()}
                # The part before '=' may be left out.
                self.assertEqual({word.removeprefix("--format=") for word in words}, set(expected))

    def test_zsh_completes_what_has_one_end(self):
        script = self.script_for("zsh", "-n")
        for typed, expected in OFFERED:
            if len(expected) != 1:
                continue
            with self.subTest(typed):
                space = "" if expected[0].endswith("=") else " "
                self.assertTrue(self.completed_by_zsh(script, typed).endswith(expected[0] + space))

    def completed_by_zsh(self, script, typed):
        """The line that the tabulator key makes of what is typed."""
        line = self.folder / "line"
        (self.folder / ".zshrc").write_text(
            f"autoload -Uz compinit && compinit -u -D\nsource '{script}'\nPROMPT='ready> '\n"
            f"keep() {{ print -rn -- \"$BUFFER\" >'{line}'; exit }}\nzle -N keep\nbindkey '^X' keep\n")
        primary, secondary = pty.openpty()
        process = subprocess.Popen(["zsh", "--no-globalrcs", "-i"], stdin=secondary, stdout=secondary, stderr=secondary,
                                   cwd=self.folder, env={**self.environment(), "ZDOTDIR": str(self.folder)},
                                   start_new_session=True)
        os.close(secondary)
        try:
            said = b""
            deadline = servers.Deadline("the prompt of zsh")
            while b"ready> " not in said:
                self.assertTrue(select.select([primary], [], [], deadline.left_s())[0])
                said += os.read(primary, 4096)
            os.write(primary, typed.encode() + b"\t\x18")
            with contextlib.suppress(OSError):  # the terminal's last user is gone
                while os.read(primary, 4096):
                    pass
            process.wait(servers.PATIENCE_S)
        finally:
            process.kill()
            process.wait()
            os.close(primary)
        return line.read_text()


class ManualTest(unittest.TestCase):
    def test_the_page_has_each_command(self):
        page = cli("man").stdout
        for text in (".TH GRIDLOOM 1", "\\fBgridloom device add\\fR \\fINEW_SN\\fR", "gridloom time step",
                     "GRIDLOOM_DATA", "NO_COLOR", ".SH EXIT STATUS"):
            self.assertIn(text, page)
        self.assertNotIn("command\\-tree", page)

    def test_man_shows_it_without_a_warning(self):
        if shutil.which("man") is None:
            self.skipTest("there is no man on this machine")
        file = temporary_folder() / "gridloom.1"
        file.write_text(cli("man").stdout)
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", file], capture_output=True, text=True,
                              env={**os.environ, "MANWIDTH": "100"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("gridloom account add", done.stdout.replace("\b", ""))


if __name__ == "__main__":
    run_tests()
