"""The commands of the SDK, as people who write guests use them."""

import glob
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

SDK = os.path.join(os.environ["CELERIAC_SOURCE"], "guest/sdk")


def sdk(command, *arguments, directory=None):
    done = subprocess.run([os.path.join(SDK, command), *arguments], capture_output=True, text=True, timeout=120, cwd=directory)
    return done.returncode, done.stdout, done.stderr


class Sdk(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="celeriac-sdk-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def template(self):
        shutil.copytree(os.path.join(SDK, "template"), self.path("mine"),
                        ignore=shutil.ignore_patterns("pkg", "*.celeriac*"))  # what somebody built there
        return self.path("mine")

    def test_the_template_builds_as_it_is_and_gives_the_same_bytes_each_time(self):
        mine = self.template()
        built = []
        for _ in range(2):
            done = subprocess.run([os.path.join(mine, "build")], capture_output=True, text=True, env={**os.environ, "CELERIAC_SDK": SDK})
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(os.path.join(mine, "my-farmware.celeriac"), "rb") as file:
                built.append(file.read())
        self.assertEqual(built[0], built[1])
        with tarfile.open(os.path.join(mine, "my-farmware.celeriac")) as archive:
            self.assertEqual(archive.getnames(), ["manifest.json", "metadata.json", "pkg", "pkg/farmware.wasm"])

    def test_a_signature_is_minisigns(self):
        mine = self.template()
        subprocess.run(["minisign", "-G", "-W", "-p", self.path("a.pub"), "-s", self.path("a.key")], check=True, capture_output=True)
        os.makedirs(os.path.join(mine, "pkg"))
        shutil.copy(self.write("farmware.wasm", "not looked into"), os.path.join(mine, "pkg"))
        status, _, err = sdk("celeriac-package", mine, "-o", self.path("x.celeriac"), "--sign", self.path("a.key"))
        self.assertEqual(status, 0, err)
        subprocess.run(["minisign", "-V", "-p", self.path("a.pub"), "-m", self.path("x.celeriac")], check=True, capture_output=True)

    def test_what_is_missing_in_a_package_is_named(self):
        mine = self.template()
        status, _, err = sdk("celeriac-package", mine, "-o", self.path("x.celeriac"))
        self.assertNotEqual(status, 0)
        self.assertIn("there is no pkg/farmware.wasm: build it first", err)
        self.assertFalse(os.path.exists(self.path("x.celeriac")))
        with open(os.path.join(mine, "manifest.json"), "a") as file:
            file.write(",")
        status, _, err = sdk("celeriac-package", mine, "-o", self.path("x.celeriac"))
        self.assertIn("manifest.json: Extra data", err)
        os.remove(os.path.join(mine, "metadata.json"))
        status, _, err = sdk("celeriac-package", mine, "-o", self.path("x.celeriac"))
        self.assertIn("metadata.json", err)
        self.assertNotEqual(sdk("celeriac-package", mine)[0], 0)

    def test_celeriac_cc_says_what_it_wants(self):
        source = self.write("a.c", "int unused;")
        for arguments, sentence in (([], "no sources"), ([source], "no -o"), (["b.c", "-o", "x"], "there is no file b.c"),
                                    (["a.txt", "-o", "x"], "what is a.txt?"), ([source, "-o"], "-o wants a file")):
            with self.subTest(arguments):
                status, _, err = sdk("celeriac-cc", *arguments, directory=self.directory)
                self.assertEqual(status, 2)
                self.assertIn(sentence, err)

    def test_guests_of_several_sources_and_names_with_blanks(self):
        self.write("a folder/one.c", "#include <celeriac/base.h>\nint two(void);\nCELERIAC_EXPORT(\"one\") int one(void) { return two(); }\n")
        self.write("a folder/two.c", "int two(void) { return VALUE; }\n")
        status, _, err = sdk("celeriac-cc", "--bare", self.path("a folder/one.c"), self.path("a folder/two.c"), "-DVALUE=2", "-o",
                             self.path("a folder/guest.wasm"))
        self.assertEqual(status, 0, err)
        with open(self.path("a folder/guest.wasm"), "rb") as file:
            self.assertEqual(file.read(8), b"\0asm\1\0\0\0")

    def test_the_guest_at_the_head_of_each_header_builds(self):
        for header in sorted(glob.glob(os.path.join(SDK, "include/celeriac/*.h*"))):
            with open(header) as file:
                text = file.read()
            lines = re.findall(r"^//   (.*)$|^//()$", text[:text.find("\n\n")], re.M)
            code = "\n".join(line[0] for line in lines)
            if "CELERIAC_IMPLEMENTATION" not in code:
                continue
            code = code[code.index("#define"):]
            with self.subTest(os.path.basename(header)):
                source = self.write("guest" + (".cpp" if header.endswith(".hpp") else ".c"), code + "\n")
                status, _, err = sdk("celeriac-cc", source, "-Werror", "-Wno-unused-parameter", "-o", self.path("guest.wasm"))
                self.assertEqual(status, 0, code + err)


if __name__ == "__main__":
    unittest.main()
