// `gridloom check`: prints which files of a data folder or of a backup are intact.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/data_folder/check.h"
#include "app/process/progress.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxShown = 5;  // damages shown per file

std::string line_of(const CheckedFile& file) {
  if (file.damages.empty() && !file.unread.empty()) {
    return fmt::format("{} {:<32} {}", styled("NOT READ", Style::kBad), file.name, file.unread);
  }
  if (file.damages.empty()) {
    return fmt::format("{} {:<32} {}",
                       styled(fmt::format("{:<8}", file.is_checked ? "good" : "-"),
                              file.is_checked ? Style::kGood : Style::kPlain),
                       file.name, file.note);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(kMaxShown, file.damages.size()); ++i) {
    text += (i == 0 ? "" : "; ") + file.damages[i];
  }
  if (file.damages.size() > kMaxShown) {
    text += fmt::format("; and {} more", file.damages.size() - kMaxShown);
  }
  return fmt::format("{} {:<32} {}", styled("DAMAGED ", Style::kBad), file.name, text);
}

wire::JsonObject json_of(const CheckedFile& file) {
  const std::string_view state = !file.damages.empty()  ? "damaged"
                                 : !file.unread.empty() ? "not read"
                                 : file.is_checked      ? "good"
                                                        : "not checked";
  wire::JsonObject row{{"file", file.name}, {"state", state}};
  if (!file.note.empty()) row["note"] = file.note;
  if (!file.unread.empty()) row["why"] = file.unread;
  if (!file.damages.empty()) {
    row["damages"] = wire::JsonArray(file.damages.begin(), file.damages.end());
  }
  return row;
}

struct CheckArguments {
  std::string folder;
  bool json = false;
};

int run_check(const CheckArguments& arguments) {
  const std::string& folder = arguments.folder;
  Progress progress;
  const auto files = check_folder(folder, [&progress](const CheckProgress& at) {
    const double share = static_cast<double>(at.bytes_done) /
                         static_cast<double>(std::max<std::uint64_t>(at.bytes, 1));
    progress.show(share, at.file);
  });
  progress.end();
  if (!files) return report_error(files.error());
  std::size_t damaged = 0;
  std::size_t unread = 0;
  for (const CheckedFile& file : *files) {
    damaged += file.damages.empty() ? 0 : 1;
    unread += file.damages.empty() && !file.unread.empty() ? 1 : 0;
    if (arguments.json) {
      print_json(json_of(file));
    } else {
      fmt::print("{}\n", line_of(file));
    }
  }
  if (unread != 0) {
    fmt::print(stderr, "gridloom: {} of {} files of {} could not be read: check the disk\n", unread,
               files->size(), folder);
  }
  if (damaged == 0) return unread == 0 ? 0 : 1;
  fmt::print(stderr, "gridloom: {} of {} files of {} are damaged\n", damaged, files->size(),
             folder);
  return 1;
}

}  // namespace

std::shared_ptr<void> add_check(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<CheckArguments>();
  CheckArguments& a = *kept;
  CLI::App* check = add_command(
      app, "check",
      "Verifies every file of a data folder, also while its server runs, or of a backup");
  set_group(*check, group::kRun);
  set_examples(*check, {"gridloom check data", "gridloom check /var/backups/gridloom"});
  add_value(*check, "folder", a.folder, placeholder::kFolder, "Data folder or backup to verify")
      .required();
  add_json_option(*check, a.json);
  set_action(*check, chosen, [&a] { return run_check(a); });
  return kept;
}

}  // namespace gridloom::app
