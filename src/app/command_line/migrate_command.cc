// `gridloom migrate`: moves a data folder's data to a database, or back. User documentation:
// docs/operate/migrate.md.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/data_folder/stores.h"
#include "app/process/progress.h"

namespace gridloom::app {
namespace {

struct MigrateArguments {
  std::string from;
  std::string to;
  std::string password_file;
  bool wait = false;
  bool json = false;
};

bool is_database(std::string_view text) {
  return text.starts_with("postgres://") || text.starts_with("postgresql://");
}

// The steps are one copy and one comparison of about as many bytes.
void show(Progress& progress, Progress::Steady::time_point begun, const MigrationProgress& at) {
  if (!progress.is_due()) return;
  const bool is_copy = at.step == MigrationProgress::Step::kCopying;
  const double done =
      static_cast<double>(at.bytes) / static_cast<double>(std::max<std::uint64_t>(at.whole, 1));
  const double share = std::min(done, 0.99) / 2 + (is_copy ? 0 : 0.5);
  const double elapsed_s = std::chrono::duration<double>(Progress::Steady::now() - begun).count();
  const double rate = static_cast<double>(at.bytes) / std::max(elapsed_s, 0.001);
  progress.show(share, fmt::format("{} {}: {} rows, {}, {}/s", is_copy ? "copying" : "comparing",
                                   at.table, at.rows, bytes_text(at.bytes),
                                   bytes_text(static_cast<std::uint64_t>(rate))));
}

wire::JsonObject json_of(const transfer::Compared& table) {
  return {{"table", table.table},
          {"rows", table.to.rows},
          {"checksum", fmt::format("{:016x}", table.to.checksum)},
          {"written", table.written}};
}

void print(const MigrateArguments& arguments, const Migration& migration) {
  if (arguments.json) {
    wire::JsonArray tables;
    for (const transfer::Compared& each : migration.tables) tables.emplace_back(json_of(each));
    print_json(
        wire::JsonObject{{"migrated", arguments.to},
                         {"before", migration.was_done},
                         {"tables", std::move(tables)},
                         {"damaged", migration.damaged},
                         {"kept", wire::JsonArray(migration.kept.begin(), migration.kept.end())}});
    return;
  }
  using Align = Table::Align;
  Table table({{"table", Align::kLeft},
               {"rows", Align::kRight},
               {"checksum on both sides", Align::kLeft},
               {"written at the end", Align::kRight}});
  for (const transfer::Compared& each : migration.tables) {
    table.add({each.table, fmt::format("{}", each.to.rows),
               fmt::format("{:016x}", each.to.checksum), fmt::format("{}", each.written)});
  }
  table.print();
  if (migration.was_done) {
    fmt::print("an earlier run has moved all data from {} to {}\n", arguments.from, arguments.to);
  } else {
    fmt::print("all data are moved from {} to {}\n", arguments.from, arguments.to);
  }
  for (const std::string& name : migration.kept) {
    fmt::print("{}/{} is not used any more\n", arguments.from, name);
  }
}

int run_migrate(const MigrateArguments& arguments) {
  if (is_database(arguments.from) == is_database(arguments.to)) {
    return report_error(
        Error{.code = ErrorCode::kBadParams,
              .detail = "--from and --to: one is a data folder, and the other is a database, "
                        "postgres://USER@HOST/DATABASE"});
  }
  const bool to_database = is_database(arguments.to);
  Progress progress;
  Progress::Steady::time_point begun = Progress::Steady::now();
  auto step = MigrationProgress::Step::kCopying;
  const auto migration = migrate(
      {.folder = to_database ? arguments.from : arguments.to,
       .database = {.url = to_database ? arguments.to : arguments.from,
                    .password_file = arguments.password_file},
       .to = to_database ? MigrationOptions::To::kDatabase : MigrationOptions::To::kFolder,
       .running =
           arguments.wait ? MigrationOptions::Running::kWait : MigrationOptions::Running::kEnd,
       .on_progress =
           [&](const MigrationProgress& at) {
             if (at.step != step) begun = Progress::Steady::now();
             step = at.step;
             show(progress, begun, at);
           },
       .on_wait =
           [&] {
             progress.end();
             print_note("most of the data are copied: stop the server now, the rest waits for it");
           }});
  progress.end();
  if (!migration) return report_error(migration.error());
  if (migration->damaged != 0) {
    print_note(fmt::format("{} damaged rows were left out: `gridloom check` names them",
                           migration->damaged));
  }
  print(arguments, *migration);
  return 0;
}

}  // namespace

std::shared_ptr<void> add_migrate(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<MigrateArguments>();
  MigrateArguments& a = *kept;
  CLI::App* migrate =
      add_command(app, "migrate",
                  "Moves accounts, devices and history from a data folder to a database, or back");
  set_group(*migrate, group::kRun);
  set_examples(*migrate,
               {"gridloom migrate --from data --to postgres://gridloom@db.example/home --wait",
                "gridloom migrate --from postgres://gridloom@db.example/home --to data"});
  add_value(*migrate, "--from", a.from, placeholder::kFolderOrDatabase,
            "Data folder or database that has the data")
      .required();
  add_value(*migrate, "--to", a.to, placeholder::kFolderOrDatabase,
            "Database, or the data folder that names it")
      .required();
  add_value(*migrate, "--database-password-file", a.password_file, placeholder::kFile,
            "File with the password of the database, in place of PGPASSFILE");
  add_flag(*migrate, "--wait", a.wait,
           "Wait for the end of the server that uses the data, once most of them are copied");
  add_json_option(*migrate, a.json);
  set_action(*migrate, chosen, [&a] { return run_migrate(a); });
  return kept;
}

}  // namespace gridloom::app
