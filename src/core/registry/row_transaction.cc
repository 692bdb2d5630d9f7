#include "registry/row_transaction.h"

#include "base/secret.h"
#include "registry/load_rows.h"
#include "registry/registry_tables.h"
#include "registry/row_store.h"

namespace gridloom::registry {
namespace {

using tables::Bytes;
using tables::Row;
using tables::RowView;
using tables::TableConnection;

template <typename Enumeration>
std::int64_t number_of(Enumeration value) {
  return static_cast<std::int64_t>(std::to_underlying(value));
}

// Whether it is known what each change since that one has changed. -1: nothing was loaded. And a
// number above all that there are is of a database that was set back.
Result<bool> knows_changes_since(TableConnection& connection, std::int64_t change) {
  if (change < 0) return false;
  GL_TRY(const std::int64_t known,
         connection.integer("SELECT count(*) FROM revision WHERE change > $1 AND "
                            "(SELECT min(n) FROM changes) <= $1 + 1",
                            {change}));
  return known != 0;
}

}  // namespace

Result<Revision> read_revision(TableConnection& connection) {
  Revision revision;
  GL_TRY(connection.each(
      "SELECT registry, number FROM revision", {}, [&revision](const RowView& row) -> Result<bool> {
        revision = {.registry = std::string(row.bytes(0)), .number = row.integer(1)};
        return false;
      }));
  return revision;
}

Result<std::int64_t> highest_number(TableConnection& connection, std::string_view table) {
  return connection.integer("SELECT highest FROM numbers WHERE name = $1", {table});
}

Status RowTransaction::commit() {
  if (changes_.are_none()) return transaction_.commit();
  GL_TRY(changes_.store_numbers());
  GL_TRY(const std::int64_t before, connection_.integer("SELECT change FROM revision"));
  const std::int64_t change = before + 1;
  GL_TRY(connection_.update(kRevision, {"change"}, {change, 1}));
  if (options_.announce) {
    GL_TRY(options_.announce(connection_, change));
  }
  GL_TRY(transaction_.commit());
  connection_.empty_log();
  // A change of another process that nobody has asked for yet stays to be noticed.
  std::int64_t seen = before;
  options_.seen_change.compare_exchange_strong(seen, change);
  return {};
}

Result<bool> RowTransaction::changed_elsewhere() {
  GL_TRY(const std::int64_t change, connection_.integer("SELECT change FROM revision"));
  seen_before_ = options_.seen_change.exchange(change);
  return seen_before_ != change;
}

Status RowTransaction::load(DirectoryDraft& draft) {
  Status done = load_all(connection_, options_.sealer, draft);
  if (!done) options_.seen_change = -1;  // the caller has not seen it, and loads again
  return done;
}

Result<bool> RowTransaction::load_changes(DirectoryDraft& draft) {
  if (!options_.announce) return false;
  const Result<bool> known = knows_changes_since(connection_, seen_before_);
  if (!known || !*known) return known;
  const Status done = RowLoader(connection_, options_.sealer, draft).load_changes(seen_before_);
  if (done) return true;
  options_.seen_change = -1;
  return std::unexpected(done.error());
}

Status RowChanges::make(const std::function<Status()>& change) {
  GL_TRY(connection_.atomically(change));
  are_none_ = false;
  return {};
}

Result<std::int64_t> RowChanges::highest_of(std::string_view table) const {
  if (const auto found = highest_.find(table); found != highest_.end()) return found->second;
  return highest_number(connection_, table);
}

void RowChanges::set_highest(std::string_view table, std::int64_t number) {
  highest_.insert_or_assign(std::string(table), number);
  are_none_ = false;
}

Status RowChanges::store_numbers() const {
  for (const auto& [table, highest] : highest_) {
    GL_TRY(connection_.update(kNumbers, {"highest"}, {highest, table}));
  }
  return {};
}

Result<std::int64_t> RowTransaction::add(const tables::Table& table, Row row) {
  GL_TRY(const std::int64_t highest, changes_.highest_of(table.name));
  row.front() = highest + 1;
  GL_TRY(changes_.make([&] { return connection_.insert(table, row); }));
  changes_.set_highest(table.name, highest + 1);
  return highest + 1;
}

Status RowTransaction::set(const tables::Table& table,
                           std::initializer_list<std::string_view> columns, const Row& row) {
  return changes_.make([&] { return connection_.update(table, columns, row); });
}

Status RowTransaction::remove_where(const tables::Table& table, std::string_view column,
                                    const tables::Value& value) {
  return changes_.make([&] { return connection_.remove(table, {column}, {value}); });
}

Result<AccountId> RowTransaction::insert(const Account& account) {
  const std::string& certificate = account.certificate_account;
  const std::string password =
      options_.sealer.seal(certificate_place(certificate), account.certificate_password);
  const std::string gateway = options_.sealer.seal(gateway_place(certificate), account.gateway_key);
  GL_TRY(const std::int64_t number,
         add(kAccounts, {0, account.name, certificate, Bytes{password}, Bytes{gateway}, 1, 1}));
  return AccountId{number};
}

Status RowTransaction::insert(const AccessKey& key) {
  const std::string secret = options_.sealer.seal(secret_key_place(key.access_key), key.secret_key);
  GL_TRY(add(kAccessKeys, {0, key.access_key, Bytes{secret}, number_of(key.account)}));
  return {};
}

// A token of a device never opens all of them: both rows, or none.
Result<std::int64_t> RowTransaction::insert(const Token& token) {
  GL_TRY(const std::int64_t highest, changes_.highest_of(kTokens.name));
  const std::int64_t number = highest + 1;
  GL_TRY(changes_.make([&]() -> Status {
    GL_TRY(connection_.insert(kTokens, {number, token.hash, token.name, number_of(token.account),
                                        number_of(token.scope), token.made_ms, token.expires_ms}));
    if (token.device.empty()) return {};
    return connection_.insert(kTokenDevices, {number, token.device});
  }));
  changes_.set_highest(kTokens.name, number);
  return number;
}

Result<std::int64_t> RowTransaction::insert(const BrowserSession& session) {
  return add(kBrowserSessions, {0, session.hash, number_of(session.account), number_of(session.by),
                                session.client, session.made_ms, session.used_ms});
}

Result<std::int64_t> RowTransaction::insert(const Bridge& bridge) {
  const std::string settings = options_.sealer.seal(bridge_place(bridge.name), bridge.settings);
  return add(kBridges, {0, bridge.name, bridge.kind, number_of(bridge.account), Bytes{settings},
                        std::int64_t{bridge.is_on}, bridge.made_ms});
}

Result<std::int64_t> RowTransaction::insert(const Device& device) {
  const std::string key = options_.sealer.seal(device_place(device.sn), device.key);
  return add(kDevices, {0, device.sn, device.name, number_of(device.owner), Bytes{key}, 1});
}

Status RowTransaction::update_certificate_password(const Account& account) {
  const std::string password = options_.sealer.seal(certificate_place(account.certificate_account),
                                                    account.certificate_password);
  return set(kAccounts, {"certificate_password", "certificate_generation"},
             {Bytes{password}, account.certificate_generation, number_of(account.id)});
}

Status RowTransaction::update_gateway_key(const Account& account) {
  const std::string gateway =
      options_.sealer.seal(gateway_place(account.certificate_account), account.gateway_key);
  return set(kAccounts, {"gateway_key", "gateway_generation"},
             {Bytes{gateway}, account.gateway_generation, number_of(account.id)});
}

Status RowTransaction::update_password_hash(const Account& account) {
  const std::string hash =
      options_.sealer.seal(password_place(account.certificate_account), account.password_hash);
  return changes_.make(
      [&] { return connection_.put(kPasswords, {number_of(account.id), Bytes{hash}}); });
}

Status RowTransaction::update_use(const BrowserSession& session) {
  return set(kBrowserSessions, {"used_ms"}, {session.used_ms, session.number});
}

Status RowTransaction::update(const Bridge& bridge) {
  const std::string settings = options_.sealer.seal(bridge_place(bridge.name), bridge.settings);
  return set(kBridges, {"settings", "is_on"},
             {Bytes{settings}, std::int64_t{bridge.is_on}, bridge.number});
}

Status RowTransaction::update_key(const Device& device) {
  const std::string key = options_.sealer.seal(device_place(device.sn), device.key);
  return set(kDevices, {"device_key", "key_generation"},
             {Bytes{key}, device.key_generation, device.number});
}

Status RowTransaction::update_name_and_owner(const Device& device) {
  return set(kDevices, {"name", "owner"}, {device.name, number_of(device.owner), device.number});
}

Status RowTransaction::update_share(const Device& device, const Share& share) {
  const std::int64_t account = number_of(share.account);
  return changes_.make([&] {
    if (share.rights == Rights::kNone) {
      return connection_.remove(kShares, {"device", "account"}, {device.number, account});
    }
    return connection_.put(kShares, {device.number, account, number_of(share.rights)});
  });
}

Status RowTransaction::remove_shares(const Device& device) {
  return remove_where(kShares, "device", device.number);
}

Status RowTransaction::remove(const Account& account) {
  return remove_where(kAccounts, "id", number_of(account.id));
}

Status RowTransaction::remove(const AccessKey& key) {
  return remove_where(kAccessKeys, "access_key", key.access_key);
}

Status RowTransaction::remove(const Token& token) {
  return remove_where(kTokens, "id", token.number);
}

Status RowTransaction::remove(const BrowserSession& session) {
  return remove_where(kBrowserSessions, "id", session.number);
}

Status RowTransaction::remove(const Bridge& bridge) {
  return remove_where(kBridges, "id", bridge.number);
}

Status RowTransaction::remove(const Device& device) {
  return changes_.make([&]() -> Status {
    GL_TRY(connection_.put(kRemovedDevices, {device.number}));
    return connection_.remove(kDevices, {"id"}, {device.number});
  });
}

Status RowTransaction::add_removed(std::int64_t device_number) {
  return changes_.make([&] { return connection_.put(kRemovedDevices, {device_number}); });
}

Status RowTransaction::reserve_device_numbers(std::int64_t highest) {
  GL_TRY(const std::int64_t present, changes_.highest_of(kDevices.name));
  if (highest <= present) return {};
  changes_.set_highest(kDevices.name, highest);
  return {};
}

Result<Revision> RowTransaction::count_revision() {
  GL_TRY(Revision revision, read_revision(connection_));
  ++revision.number;
  GL_TRY(set(kRevision, {"number"}, {revision.number, 1}));
  return revision;
}

Result<Revision> RowTransaction::restart_revisions() {
  Revision revision{.registry = random_hex(16)};
  GL_TRY(set(kRevision, {"registry", "number"}, {revision.registry, revision.number, 1}));
  return revision;
}

}  // namespace gridloom::registry
