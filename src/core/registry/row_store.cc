#include "registry/row_store.h"

#include <array>
#include <string>

#include "base/secret.h"
#include "registry/load_rows.h"
#include "registry/registry_tables.h"
#include "registry/row_transaction.h"

namespace gridloom::registry {
namespace {

using tables::Bytes;
using tables::RowView;
using tables::TableConnection;

constexpr std::string_view kSealCheckPlace = "seal_check";
constexpr std::string_view kSealCheckText = "gridloom registry";

Result<std::string> sealed_check(TableConnection& connection) {
  std::string sealed;
  GL_TRY(connection.each("SELECT sealed FROM seal_check", {},
                         [&sealed](const RowView& row) -> Result<bool> {
                           sealed = row.bytes(0);
                           return false;
                         }));
  return sealed;
}

}  // namespace

Status put_first_rows(TableConnection& connection) {
  const std::string id = random_hex(16);
  GL_TRY(connection.insert(kRevision, {1, id, 0, 0, id}));
  for (const std::string_view table : kNumbered) {
    GL_TRY(connection.insert(kNumbers, {table, 0}));
  }
  return {};
}

Result<std::shared_ptr<TableConnection>> RowStore::connection() {
  GL_TRY(auto connected, options_.connect());
  if (connected.is_other) *seen_change_ = -1;
  return std::move(connected.connection);
}

Result<std::unique_ptr<Transaction>> RowStore::begin() {
  GL_TRY(auto connection, connection());
  GL_TRY(auto begun, tables::Transaction::begin(*connection));
  GL_TRY(connection->lock("registry"));
  return std::make_unique<RowTransaction>(
      RowTransaction::Options{.connection = std::move(connection),
                              .sealer = options_.sealer,
                              .seen_change = *seen_change_,
                              .announce = options_.announce},
      std::move(begun));
}

Result<Revision> RowStore::revision() {
  GL_TRY(const auto connection, connection());
  return read_revision(*connection);
}

Result<std::vector<std::int64_t>> RowStore::removed_devices() {
  GL_TRY(const auto connection, connection());
  std::vector<std::int64_t> numbers;
  GL_TRY(connection->each("SELECT id FROM removed_devices ORDER BY id", {},
                          [&numbers](const RowView& row) -> Result<bool> {
                            numbers.push_back(row.integer(0));
                            return true;
                          }));
  return numbers;
}

Result<std::int64_t> RowStore::highest_device_number() {
  GL_TRY(const auto connection, connection());
  return highest_number(*connection, kDevices.name);
}

Status load_all(TableConnection& connection, const Sealer& sealer, DirectoryDraft& draft) {
  GL_TRY(connection.check(kAllTables));
  return RowLoader(connection, sealer, draft).load();
}

Result<bool> has_seal(TableConnection& connection) {
  GL_TRY(const auto sealed, sealed_check(connection));
  return !sealed.empty();
}

// The first of two first starts at once is the one whose key counts.
Status store_seal(TableConnection& connection, const Sealer& sealer) {
  GL_TRY(auto transaction, tables::Transaction::begin(connection));
  GL_TRY(connection.lock("registry"));
  GL_TRY(const auto is_there, has_seal(connection));
  if (is_there) return {};
  const std::string sealed = sealer.seal(kSealCheckPlace, Secret(std::string(kSealCheckText)));
  GL_TRY(connection.insert(kSealCheck, {1, Bytes{sealed}}));
  return transaction.commit();
}

Result<bool> is_right_seal(TableConnection& connection, const Sealer& sealer) {
  GL_TRY(const auto sealed, sealed_check(connection));
  const Result<Secret> text = sealer.open({.place = kSealCheckPlace, .sealed = sealed});
  return text && text->matches(kSealCheckText);
}

}  // namespace gridloom::registry
