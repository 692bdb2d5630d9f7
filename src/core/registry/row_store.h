// The registry's storage in the tables of registry_tables.h, in whichever database has them.
// Secrets are sealed when they are written and opened when they are read.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/result.h"
#include "registry/directory_draft.h"
#include "registry/seal.h"
#include "registry/store.h"
#include "tables/connection.h"

namespace gridloom::registry {

// Each kind of database gives these to the store.
struct RowStoreOptions {
  // The connection to use from now on: the one of before, unless that was lost. `is_other`: it may
  // lead to another server, which counts the same changes again.
  struct Connected {
    std::shared_ptr<tables::TableConnection> connection;
    bool is_other = false;
  };
  std::function<Result<Connected>()> connect;
  Sealer sealer;
  // Within the transaction of a change, before it is committed. Where it is given, `changes` and
  // `changed_rows` say what each change has changed (registry/load_rows.h).
  std::function<Status(tables::TableConnection& connection, std::int64_t change)> announce{};
};

class RowStore final : public Store {
 public:
  explicit RowStore(RowStoreOptions options) : options_(std::move(options)) {}

  [[nodiscard]] Result<std::unique_ptr<Transaction>> begin() override;
  [[nodiscard]] Result<Revision> revision() override;
  [[nodiscard]] Result<std::vector<std::int64_t>> removed_devices() override;
  [[nodiscard]] Result<std::int64_t> highest_device_number() override;

  // The last change that changed_elsewhere() has seen, -1: none; any thread may read it. It
  // outlives the store.
  [[nodiscard]] std::shared_ptr<const std::atomic<std::int64_t>> seen_change() const {
    return seen_change_;
  }

 private:
  [[nodiscard]] Result<std::shared_ptr<tables::TableConnection>> connection();

  RowStoreOptions options_;
  std::shared_ptr<std::atomic<std::int64_t>> seen_change_ =
      std::make_shared<std::atomic<std::int64_t>>(-1);
};

// Loads everything into an empty draft. kDamaged: the rows differ from what was written.
// kMalformed: a secret cannot be opened.
[[nodiscard]] Status load_all(tables::TableConnection& connection, const Sealer& sealer,
                              DirectoryDraft& draft);

// A known text shows whether the key is the one that the registry was sealed with: stores it, if
// there is none, or compares it. False: it is another key.
[[nodiscard]] Status store_seal(tables::TableConnection& connection, const Sealer& sealer);
[[nodiscard]] Result<bool> is_right_seal(tables::TableConnection& connection, const Sealer& sealer);
// Whether a key was used: there is a seal.
[[nodiscard]] Result<bool> has_seal(tables::TableConnection& connection);

}  // namespace gridloom::registry
