#include "app/command_line/check_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>

#include "app/data_folder/check.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxShown = 5;  // damages shown per file

std::string line_of(const CheckedFile& file) {
  if (file.damages.empty()) {
    return fmt::format("{:<8} {:<32} {}", file.is_checked ? "good" : "-", file.name, file.note);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(kMaxShown, file.damages.size()); ++i) {
    text += (i == 0 ? "" : "; ") + file.damages[i];
  }
  if (file.damages.size() > kMaxShown) {
    text += fmt::format("; and {} more", file.damages.size() - kMaxShown);
  }
  return fmt::format("{:<8} {:<32} {}", "DAMAGED", file.name, text);
}

int run_check(const std::string& folder) {
  const auto files = check_folder(folder);
  if (!files) {
    fmt::print(stderr, "gridloom: {}\n", files.error().detail);
    return 1;
  }
  std::size_t damaged = 0;
  for (const CheckedFile& file : *files) {
    damaged += file.damages.empty() ? 0 : 1;
    fmt::print("{}\n", line_of(file));
  }
  if (damaged == 0) return 0;
  fmt::print(stderr, "gridloom: {} of {} files of {} are damaged\n", damaged, files->size(),
             folder);
  return 1;
}

}  // namespace

std::shared_ptr<void> add_check(CLI::App& app, std::function<int()>& chosen) {
  const auto folder = std::make_shared<std::string>();
  CLI::App* check = app.add_subcommand(
      "check", "Verifies every file of a data folder, also while its server runs, or of a backup");
  check->add_option("folder", *folder, "Data folder or backup to verify")->required();
  check->callback([folder, &chosen] { chosen = [folder] { return run_check(*folder); }; });
  return folder;
}

}  // namespace gridloom::app
