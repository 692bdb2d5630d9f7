#!/usr/bin/env python3
"""The manifests of packaging/kubernetes are what Kubernetes takes, fit together, and give a node no right that it does
not need; the configuration of a node, there and in packaging/cluster, has options that the server knows.

    manifests_test.py GRIDLOOM FOLDER     FOLDER: where npm has installed what lint.mjs wants
"""
import copy
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tomllib
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/clients"))
import server as servers  # noqa: E402

FOLDER = ROOT / "packaging/kubernetes"


def objects():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    return [each for name in listed for each in yaml.safe_load_all((FOLDER / name).read_text())]


def lint(manifests):
    """The findings, a line each."""
    done = subprocess.run(["node", HERE / "lint.mjs"], input=json.dumps(manifests), cwd=MODULES, capture_output=True,
                          text=True, timeout=servers.PATIENCE_S * 3, check=False)
    if done.stderr or done.returncode != (1 if done.stdout else 0):
        raise AssertionError(f"lint.mjs exited with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.splitlines()


def of_kind(kind, name=None):
    found = [each for each in objects() if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} objects are {kind} {name or ''}")
    return found[0]


def pod():
    return of_kind("StatefulSet")["spec"]["template"]["spec"]


def containers():
    return [*pod()["initContainers"], *pod()["containers"]]


def configuration():
    return tomllib.loads(of_kind("ConfigMap")["data"]["gridloom.conf"])


class Schemas(unittest.TestCase):
    def test_kubernetes_takes_each_object(self):
        manifests = objects()
        self.assertEqual(sorted(each["kind"] for each in manifests),
                         ["ConfigMap", "PodDisruptionBudget", "Service", "Service", "StatefulSet"])
        self.assertEqual(lint(manifests), [])

    def test_what_is_spoilt_is_found(self):
        template = ("spec", "template", "spec")
        node = (*template, "containers", 0)
        rows = [
            ((*node, "imag"), "x", "imag: there is no such field"),
            ((*node, "startupProbe", "httpGet", "schema"), "HTTPS", "httpGet/schema: there is no such field"),
            ((*node, "ports", 0, "containerPort"), "https", "containerPort: must be integer"),
            ((*node, "image"), 7, "image: must be string"),
            ((*node, "name"), None, "containers/0: must have required property name"),
            ((*template, "securityContext", "runAsUser"), "root", "runAsUser: must be integer"),
            ((*template, "terminationGracePeriod"), 5, "terminationGracePeriod: there is no such field"),
            ((*template, "affinity", "podAntiAffinity", "required"), [], "required: there is no such field"),
            (("spec", "selector"), None, "spec: must have required property selector"),
            (("spec", "replicas"), "three", "replicas: must be integer"),
            (("apiVersion",), "apps/v1beta9", "there is no StatefulSet in apps/v1beta9"),
            (("kind",), "StatefullSet", "there is no StatefullSet in apps/v1"),
        ]
        spoilt = []
        for path, value, _ in rows:
            each = copy.deepcopy(of_kind("StatefulSet"))
            at = each
            for key in path[:-1]:
                at = at[key]
            if value is None:
                del at[path[-1]]
            else:
                at[path[-1]] = value
            spoilt.append(each)
        found = lint(spoilt)
        self.assertEqual(len(found), len(rows), found)
        for (_, _, expected), finding in zip(rows, found):
            self.assertTrue(finding.endswith(expected), f"{finding}, not {expected}")

    def test_each_file_is_listed_once(self):
        listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
        files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
        self.assertEqual(sorted(listed["resources"]), sorted(files))
        self.assertEqual({each["name"] for each in listed["images"]}, {each["image"] for each in containers()})


class Fit(unittest.TestCase):
    def test_what_selects_the_nodes_finds_them(self):
        nodes = of_kind("StatefulSet")["spec"]
        labels = nodes["template"]["metadata"]["labels"]
        selectors = [each["spec"]["selector"] for each in objects() if each["kind"] == "Service"]
        selectors += [each["labelSelector"]["matchLabels"] for each in (
            *pod()["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"],
            *pod()["topologySpreadConstraints"])]
        selectors += [each["spec"]["selector"]["matchLabels"] for each in objects()
                      if each["kind"] in ("PodDisruptionBudget", "StatefulSet")]
        self.assertEqual(len(selectors), 6)
        for selector in selectors:
            self.assertTrue(selector.items() <= labels.items(), selector)
        headless = of_kind("Service", nodes["serviceName"])
        self.assertEqual(headless["spec"]["clusterIP"], "None")

    def test_each_port_that_is_named_is_there_and_is_the_listeners(self):
        node = pod()["containers"][0]
        ports = {each["name"]: each["containerPort"] for each in node["ports"]}
        self.assertEqual({name: f"0.0.0.0:{port}" for name, port in ports.items()},
                         {name: configuration()[name] for name in ports})
        services = [each["spec"] for each in objects() if each["kind"] == "Service"]
        named = [port["targetPort"] for service in services for port in service["ports"]]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            named += [way["port"] for key, way in node[probe].items() if key in ("httpGet", "tcpSocket")]
        self.assertEqual(len(named), 6)
        self.assertLessEqual(set(named), set(ports))
        self.assertNotIn("http", configuration(), "what leaves a pod is encrypted")

    def test_volumes_are_there_and_none_is_within_a_read_only_one(self):
        claims = of_kind("StatefulSet")["spec"]["volumeClaimTemplates"]
        volumes = {each["name"] for each in (*pod()["volumes"], *(claim["metadata"] for claim in claims))}
        mounted = set()
        for container in containers():
            for mount in container["volumeMounts"]:
                mounted.add(mount["name"])
                outer = [other["mountPath"] for other in container["volumeMounts"] if other.get("readOnly")
                         and mount["mountPath"].startswith(other["mountPath"] + "/")]
                self.assertEqual(outer, [], f"nobody can make {mount['mountPath']} there")
        self.assertEqual(mounted, volumes)

    def test_one_node_at_a_time_goes_and_has_time_to_give_its_slots_away(self):
        nodes = of_kind("StatefulSet")["spec"]
        self.assertEqual(nodes["replicas"], 3)
        self.assertEqual(of_kind("PodDisruptionBudget")["spec"]["maxUnavailable"], 1)
        self.assertGreaterEqual(pod()["terminationGracePeriodSeconds"], 60)
        self.assertEqual(pod()["containers"][0]["lifecycle"]["preStop"]["exec"]["command"],
                         ["/usr/bin/gridloom", "cluster", "drain"])

    def test_a_node_is_not_ended_because_a_database_is_away(self):
        node = pod()["containers"][0]
        self.assertEqual(node["startupProbe"]["httpGet"]["path"], "/healthz")
        for probe in ("readinessProbe", "livenessProbe"):
            self.assertNotIn("httpGet", node[probe])


class Closed(unittest.TestCase):
    """What Kubernetes' own profile "restricted" asks for, and more."""

    def test_a_pod_runs_as_nobody_and_can_write_only_its_volumes(self):
        context = pod()["securityContext"]
        self.assertTrue(context["runAsNonRoot"] and context["runAsUser"] > 0 and context["runAsGroup"] > 0)
        self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertFalse(pod()["automountServiceAccountToken"])
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            self.assertNotIn(name, pod())
        for container in containers():
            with self.subTest(container["name"]):
                self.assertEqual(container["securityContext"], {
                    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]}})
                self.assertIn("memory", container["resources"]["limits"])
        self.assertLessEqual({kind for each in pod()["volumes"] for kind in each} - {"name"},
                             {"configMap", "projected", "emptyDir"})

    def test_no_secret_is_in_a_file_of_this_repository(self):
        self.assertEqual([each for each in objects() if each["kind"] == "Secret"], [])

    def test_the_image_runs_as_the_same_user(self):
        text = (FOLDER / "Containerfile").read_text()
        context = pod()["securityContext"]
        self.assertIn(f"\nUSER {context['runAsUser']}:{context['runAsGroup']}\n", text)
        self.assertIn('\nENTRYPOINT ["/usr/bin/gridloom"]\n', text)


class Configuration(unittest.TestCase):
    def known(self):
        done = subprocess.run([servers.GRIDLOOM, "serve", "--help"], capture_output=True, text=True, check=True)
        return set(re.findall(r"^  --([a-z-]+)", done.stdout, re.MULTILINE))

    def test_each_option_is_one_of_the_server(self):
        known = self.known()
        for name, found in (("kubernetes", configuration()),
                            ("cluster", tomllib.loads((ROOT / "packaging/cluster/gridloom.conf").read_text()))):
            with self.subTest(name):
                self.assertEqual(set(found) - known, set())
                self.assertLessEqual({"cluster", "cluster-ca-file", "cluster-password-file", "database"}, set(found))
                for url in (found["cluster"], found["database"]):
                    self.assertRegex(url, r"^tls://|sslmode=verify-full&sslrootcert=/")
                    self.assertNotRegex(url, r":[^@/]+@", "no password stands in a URL")

    def test_each_file_that_is_named_comes_from_a_volume(self):
        folders = [mount["mountPath"] for mount in pod()["containers"][0]["volumeMounts"]]
        named = re.findall(r"(?:^|[=\"])(/[\w./-]+)", json.dumps(configuration()))
        self.assertEqual(len(named), 5, named)
        for path in named:
            self.assertTrue(any(path.startswith(folder + "/") for folder in folders), path)

    def test_a_node_starts_with_the_secrets_that_it_is_given(self):
        folder = servers.temporary_folder()
        with servers.Server(data=folder / "first", demo=False) as server:
            authority = pathlib.Path(server.ca).read_text()
        given = {"secret.key": "first/secret.key", "ca.pem": "first/tls/ca.pem", "ca.key": "first/tls/ca.key"}
        for name in ("secrets", "data", "private"):
            (folder / name).mkdir()
        for name, source in given.items():
            (folder / "secrets" / name).write_bytes((folder / source).read_bytes())
        for name in ("nats-password", "db-password"):
            (folder / "secrets" / name).write_text("a secret\n")
        for path in (folder / "secrets").iterdir():
            path.chmod(0o440)  # as Kubernetes gives them
        self.copy_secrets(folder)
        self.copy_secrets(folder)  # once more, as at the next start
        copies = [path for name in ("data", "private") for path in (folder / name).rglob("*") if path.is_file()]
        self.assertEqual(len(copies), 5)
        for path in copies:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        with servers.Server(data=folder / "data/node", demo=False) as node:
            self.assertEqual(pathlib.Path(node.ca).read_text(), authority, "clients trust all nodes alike")
            node.add_account("home")

    def copy_secrets(self, folder):
        init = pod()["initContainers"][0]
        names = {mount["mountPath"]: mount["name"] for mount in init["volumeMounts"]}
        command = [re.sub("|".join(map(re.escape, names)), lambda found: str(folder / names[found[0]]), word)
                   for word in init["command"]]
        subprocess.run(command, check=True, timeout=servers.PATIENCE_S)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    MODULES = os.path.abspath(sys.argv.pop(2))
    servers.run_tests()
