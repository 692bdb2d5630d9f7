// Reads the registry's tables into a directory. Where there is a table `changed_rows`, only what it
// names can be read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/directory_draft.h"
#include "registry/seal.h"
#include "tables/connection.h"

namespace gridloom::registry {

// Thread rule: as for the Connection.
class RowLoader {
 public:
  RowLoader(tables::TableConnection& connection, const Sealer& sealer, DirectoryDraft& draft)
      : connection_(connection), sealer_(sealer), draft_(draft) {}

  // kMalformed: a secret cannot be opened.
  [[nodiscard]] Status load();
  // Loads the changes after the one of this number, into a draft of the state that it left. Devices
  // come first, so that no account that has ended owns one; and what has ended goes before what
  // took its name.
  [[nodiscard]] Status load_changes(std::int64_t since);

 private:
  // A row as it is read.
  using OnRow = std::function<Status(const tables::RowView& row)>;
  [[nodiscard]] Status each(const std::string& sql, const OnRow& on_row);
  // The condition for what is read of a kind: all, or what has changed.
  [[nodiscard]] std::string where(std::string_view kind, std::string_view column,
                                  std::string_view key = "key") const;
  // The same for what belongs to devices.
  [[nodiscard]] std::string where_device() const;
  // Removes the rows that were changed and do not exist any more.
  [[nodiscard]] Status erase(std::string_view kind, std::string_view column,
                             void (DirectoryDraft::*erase)(std::string_view));
  [[nodiscard]] Status erase_accounts();
  [[nodiscard]] Status open(std::string_view place, std::string_view sealed, Secret& into) const;
  [[nodiscard]] Status load_accounts();
  [[nodiscard]] Status load_keys();
  [[nodiscard]] Status load_tokens();
  [[nodiscard]] Status load_sessions();
  [[nodiscard]] Status load_devices();
  [[nodiscard]] Status load_bridges();

  tables::TableConnection& connection_;
  const Sealer& sealer_;
  DirectoryDraft& draft_;
  tables::Parameters since_;  // load_changes(): the number
};

}  // namespace gridloom::registry
