// Checks that a clone works on any machine: no file refers to folders of the machine it was written
// on, or to the package mirror that this machine used.
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

constexpr std::array<std::string_view, 4> kMachineFolders = {"/home/", "/work/", "/root/", "/tmp/"};

constexpr std::array<std::string_view, 9> kMirrors = {
    "registry.npmjs.org", "registry.yarnpkg.com", "npm.pkg.github.com", "pythonhosted.org",
    "deb.debian.org",     "proxy.golang.org",     "artifactory",        "jfrog",
    "verdaccio",
};

// build/tmp/x and https://host/tmp/ are not absolute paths.
bool begins_path(std::string_view text, std::size_t at) {
  constexpr std::string_view kGoesOn = "._-~})>%/";
  return at == 0 || (!is_word(text[at - 1]) && !kGoesOn.contains(text[at - 1]));
}

// "/home/me/x" is somebody's folder, "/home/energy" a path of the API.
bool is_folder_within(std::string_view text, std::size_t at, std::string_view folder) {
  if (folder != "/home/") return true;
  std::size_t end = at + folder.size();
  while (end < text.size() && is_word(text[end])) ++end;
  return end < text.size() && text[end] == '/';
}

template <typename OnHit>
void each(std::string_view text, std::string_view what, const OnHit& on_hit) {
  for (std::size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + 1)) {
    on_hit(at);
  }
}

void check_folders(const Source& file, Report& report) {
  const bool everywhere = file.path().ends_with(".md") || file.under("src/");
  for (const std::string_view folder : kMachineFolders) {
    if (folder == "/tmp/" && !everywhere) continue;  // scripts may use it
    each(file.text(), folder, [&](std::size_t at) {
      if (!begins_path(file.text(), at) || !is_folder_within(file.text(), at, folder)) return;
      report.at(file, at, fmt::format("a path of one machine ({}...)", folder),
                "write it from the root of the tree, or take it as a parameter");
    });
  }
}

void check_mirrors(const Source& file, Report& report) {
  for (const std::string_view mirror : kMirrors) {
    each(file.text(), mirror, [&](std::size_t at) {
      report.at(file, at, fmt::format("the package host '{}'", mirror),
                "leave the choice to the user's own settings");
    });
  }
}

}  // namespace

void check_places(const Tree& tree, Report& report) {
  for (const Source& file : tree.files()) {
    if (file.under("tools/tidy/")) continue;  // the table above, and the tests
    check_folders(file, report);
    if (file.path().ends_with("package-lock.json")) {
      each(file.text(), "\"resolved\"", [&](std::size_t at) {
        report.at(file, at, "a lock file that names its host",
                  "npm install --omit-lockfile-registry-resolved");
      });
    }
    check_mirrors(file, report);
    if (file.path().ends_with(".npmrc")) {
      each(file.text(), "registry=", [&](std::size_t at) {
        report.at(file, at, "a choice of package host", "keep it in the user's own settings");
      });
    }
  }
}

}  // namespace gridloom::tidy
