#include "app/command_line/data_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "app/data_folder/restore.h"
#include "server/stores.h"

namespace gridloom::app {
namespace {

constexpr const char* kRegistry =
    "registry.sqlite";  // from first use, unless a database has the data

constexpr std::string_view kRestore = "restore";

constexpr auto kRows = std::to_array<CommandRow>({
    {"serve", DataFolder::kMayCreate},
    {kRestore, DataFolder::kMayCreate},
    {"account add", DataFolder::kMayCreate},
    {"account list", DataFolder::kMustExist},
    {"account keys", DataFolder::kMustExist},
    {"account rotate", DataFolder::kMustExist},
    {"account remove", DataFolder::kMustExist},
    {"token add", DataFolder::kMustExist},
    {"token list", DataFolder::kMustExist},
    {"token remove", DataFolder::kMustExist},
    {"bridge add mqtt", DataFolder::kMustExist},
    {"bridge add influx", DataFolder::kMustExist},
    {"bridge add modbus", DataFolder::kMustExist},
    {"bridge add mirror", DataFolder::kMustExist},
    {"bridge add meter", DataFolder::kMustExist},
    {"bridge add home-assistant", DataFolder::kMustExist},
    {"bridge add nut", DataFolder::kMustExist},
    {"bridge add webhook", DataFolder::kMustExist},
    {"bridge list", DataFolder::kMustExist},
    {"bridge show", DataFolder::kMustExist},
    {"bridge change", DataFolder::kMustExist},
    {"bridge on", DataFolder::kMustExist},
    {"bridge off", DataFolder::kMustExist},
    {"bridge remove", DataFolder::kMustExist},
    {"bridge kinds", DataFolder::kMayLack},
    {"mirror add", DataFolder::kMustExist},
    {"sign-in", DataFolder::kMustExist},
    {"device add", DataFolder::kMustExist},
    {"device list", DataFolder::kMustExist},
    {"device rename", DataFolder::kMustExist},
    {"device share", DataFolder::kMustExist},
    {"device move", DataFolder::kMustExist},
    {"device rotate", DataFolder::kMustExist},
    {"device remove", DataFolder::kMustExist},
    {"device purge", DataFolder::kMustExist},
    {"cluster status", DataFolder::kMustExist},
    {"cluster drain", DataFolder::kMustExist},
    {"cluster remove", DataFolder::kMustExist},
    {"lab reset", DataFolder::kMustExist},
    {"damage", DataFolder::kMustExist},
    {"audit", DataFolder::kMustExist},
    {"backup", DataFolder::kMustExist},
    {"history", DataFolder::kMustExist},
    {"time", DataFolder::kMustExist},
    {"time pause", DataFolder::kMustExist},
    {"time resume", DataFolder::kMustExist},
    {"time speed", DataFolder::kMustExist},
    {"time step", DataFolder::kMustExist},
    {"fault on", DataFolder::kMustExist},
    {"fault off", DataFolder::kMustExist},
    {"fault list", DataFolder::kMustExist},
    {"record", DataFolder::kMustExist},
    {"replay", DataFolder::kMustExist},
    {"simulate", DataFolder::kMustExist},
    {"family list", DataFolder::kNone},
    {"family show", DataFolder::kNone},
    {"family new", DataFolder::kNone},
    {"family schema", DataFolder::kNone},
    {"family check", DataFolder::kNone},
    {"family guess", DataFolder::kNone},
    {"family page", DataFolder::kNone},
    {"home list", DataFolder::kNone},
    {"home show", DataFolder::kNone},
    {"home new", DataFolder::kNone},
    {"home schema", DataFolder::kNone},
    {"home check", DataFolder::kNone},
    {"block show", DataFolder::kNone},
    {"command-tree", DataFolder::kNone},
    {"check", DataFolder::kNone},
    {"migrate", DataFolder::kNone},
    {"segment show", DataFolder::kNone},
    {"limits", DataFolder::kNone},
    {"config check", DataFolder::kNone},
    {"version", DataFolder::kNone},
    {"bench http", DataFolder::kNone},
    {"bench mqtt", DataFolder::kNone},
    {"bench set", DataFolder::kNone},
    {"completion", DataFolder::kNone},
    {"help", DataFolder::kNone},
    {"man", DataFolder::kNone},
    {"status", DataFolder::kMustExist},
    {"energy", DataFolder::kMustExist},
    {"get", DataFolder::kMustExist},
    {"set", DataFolder::kMustExist},
    {"device show", DataFolder::kMustExist},
    {"watch", DataFolder::kMustExist},
    {"wait", DataFolder::kMustExist},
    {"doctor", DataFolder::kMustExist},
    {"explain", DataFolder::kMayLack},
    {"login", DataFolder::kNone},
    {"logout", DataFolder::kNone},
});

}  // namespace

std::span<const CommandRow> command_rows() { return kRows; }

bool has_data(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::filesystem::exists(folder / kRegistry, ignored) || server::names_database(folder);
}

Status check_data_folder(std::string_view command, const std::filesystem::path& folder) {
  const auto* row = std::ranges::find(kRows, command, &CommandRow::command);
  if (command != kRestore) {
    GL_TRY(check_no_restore(folder));
  }
  if (row != kRows.end() && row->folder != DataFolder::kMustExist) return {};
  if (server::names_database(folder)) return {};
  struct stat facts{};
  if (::stat((folder / kRegistry).c_str(), &facts) == 0) return {};
  // Other errors (missing permission, for example) are reported by the command itself.
  if (errno != ENOENT && errno != ENOTDIR) return {};
  std::error_code ignored;
  if (std::filesystem::exists(folder / "history.db", ignored)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{0} has a history.db, but no {1}, which has all accounts and devices: "
                            "restore {1} and secret.key from a backup; if both are missing, "
                            "`gridloom serve` creates new ones and keeps the history",
                            folder.string(), kRegistry));
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("no Gridloom data in {0} (it has no {1}): --data is the folder that "
                          "`gridloom serve --data {0}` uses; that command, `gridloom account add` "
                          "and `gridloom restore` create a new one",
                          std::filesystem::absolute(folder, ignored).lexically_normal().string(),
                          kRegistry));
}

}  // namespace gridloom::app
