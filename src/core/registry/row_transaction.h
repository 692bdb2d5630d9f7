// A change of the registry, in the statements that SQLite and PostgreSQL share. Secrets are sealed.
//
// `Writer` writes to one of them:
//   Writer::Bytes                        a value of bytes, made of a std::string_view
//   Writer::Flag                         a value of a column that is yes or no, made of a bool
//   insert(table, columns, values...)    Result<std::int64_t>: the number of the new row
//   change(sql, values...)               Status
//   reserve(table, highest)              Status: new rows get numbers above `highest`
// The parameters of `sql` are $1, $2 …, which first appear in this order: SQLite counts them so.
// Functions that are left to the derived classes need more than one statement, or differ.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

#include "base/result.h"
#include "registry/seal.h"
#include "registry/store.h"

namespace gridloom::registry {

template <typename Writer>
class RowTransaction : public Transaction {
 public:
  using Transaction::insert;
  using Transaction::remove;

  [[nodiscard]] Result<AccountId> insert(const Account& account) override {
    GL_TRY(const std::int64_t number,
           rows_.insert("accounts", "name, certificate_account, certificate_password, gateway_key",
                        account.name, account.certificate_account, Bytes{sealed_password(account)},
                        Bytes{sealed_gateway(account)}));
    return AccountId{number};
  }

  [[nodiscard]] Status insert(const AccessKey& key) override {
    const std::string secret = sealer_.seal(secret_key_place(key.access_key), key.secret_key);
    const Result<std::int64_t> number =
        rows_.insert("access_keys", "access_key, secret_key, account", key.access_key,
                     Bytes{secret}, number_of(key.account));
    return number ? Status() : std::unexpected(number.error());
  }

  [[nodiscard]] Result<std::int64_t> insert(const BrowserSession& session) override {
    return rows_.insert("browser_sessions", "hash, account, signed_in_by, client, made_ms, used_ms",
                        session.hash, number_of(session.account), number_of(session.by),
                        session.client, session.made_ms, session.used_ms);
  }

  [[nodiscard]] Result<std::int64_t> insert(const Bridge& bridge) override {
    const std::string settings = sealer_.seal(bridge_place(bridge.name), bridge.settings);
    return rows_.insert("bridges", "name, kind, account, settings, is_on, made_ms", bridge.name,
                        bridge.kind, number_of(bridge.account), Bytes{settings}, Flag{bridge.is_on},
                        bridge.made_ms);
  }

  [[nodiscard]] Result<std::int64_t> insert(const Device& device) override {
    const std::string key = sealer_.seal(device_place(device.sn), device.key);
    return rows_.insert("devices", "sn, name, owner, device_key", device.sn, device.name,
                        number_of(device.owner), Bytes{key});
  }

  [[nodiscard]] Status update_certificate_password(const Account& account) override {
    return rows_.change(
        "UPDATE accounts SET certificate_password = $1, certificate_generation = $2 WHERE id = $3",
        Bytes{sealed_password(account)}, account.certificate_generation, number_of(account.id));
  }

  [[nodiscard]] Status update_gateway_key(const Account& account) override {
    return rows_.change(
        "UPDATE accounts SET gateway_key = $1, gateway_generation = $2 WHERE id = $3",
        Bytes{sealed_gateway(account)}, account.gateway_generation, number_of(account.id));
  }

  [[nodiscard]] Status update_password_hash(const Account& account) override {
    const std::string hash =
        sealer_.seal(password_place(account.certificate_account), account.password_hash);
    return rows_.change(
        "INSERT INTO passwords (account, hash) VALUES ($1, $2) "
        "ON CONFLICT (account) DO UPDATE SET hash = excluded.hash",
        number_of(account.id), Bytes{hash});
  }

  [[nodiscard]] Status update_use(const BrowserSession& session) override {
    return rows_.change("UPDATE browser_sessions SET used_ms = $1 WHERE id = $2", session.used_ms,
                        session.number);
  }

  [[nodiscard]] Status update(const Bridge& bridge) override {
    const std::string settings = sealer_.seal(bridge_place(bridge.name), bridge.settings);
    return rows_.change("UPDATE bridges SET settings = $1, is_on = $2 WHERE id = $3",
                        Bytes{settings}, Flag{bridge.is_on}, bridge.number);
  }

  [[nodiscard]] Status update_key(const Device& device) override {
    const std::string key = sealer_.seal(device_place(device.sn), device.key);
    return rows_.change("UPDATE devices SET device_key = $1, key_generation = $2 WHERE id = $3",
                        Bytes{key}, device.key_generation, device.number);
  }

  [[nodiscard]] Status update_name_and_owner(const Device& device) override {
    return rows_.change("UPDATE devices SET name = $1, owner = $2 WHERE id = $3", device.name,
                        number_of(device.owner), device.number);
  }

  [[nodiscard]] Status update_share(const Device& device, const Share& share) override {
    if (share.rights == Rights::kNone) {
      return rows_.change("DELETE FROM shares WHERE device = $1 AND account = $2", device.number,
                          number_of(share.account));
    }
    return rows_.change(
        "INSERT INTO shares (device, account, rights) VALUES ($1, $2, $3) "
        "ON CONFLICT (device, account) DO UPDATE SET rights = excluded.rights",
        device.number, number_of(share.account), number_of(share.rights));
  }

  [[nodiscard]] Status remove_shares(const Device& device) override {
    return rows_.change("DELETE FROM shares WHERE device = $1", device.number);
  }

  [[nodiscard]] Status remove(const Account& account) override {
    return rows_.change("DELETE FROM accounts WHERE id = $1", number_of(account.id));
  }

  [[nodiscard]] Status remove(const AccessKey& key) override {
    return rows_.change("DELETE FROM access_keys WHERE access_key = $1", key.access_key);
  }

  [[nodiscard]] Status remove(const Token& token) override {
    return rows_.change("DELETE FROM tokens WHERE id = $1", token.number);
  }

  [[nodiscard]] Status remove(const BrowserSession& session) override {
    return rows_.change("DELETE FROM browser_sessions WHERE id = $1", session.number);
  }

  [[nodiscard]] Status remove(const Bridge& bridge) override {
    return rows_.change("DELETE FROM bridges WHERE id = $1", bridge.number);
  }

  [[nodiscard]] Status add_removed(std::int64_t device_number) override {
    return rows_.change("INSERT INTO removed_devices (id) VALUES ($1) ON CONFLICT (id) DO NOTHING",
                        device_number);
  }

  [[nodiscard]] Status reserve_device_numbers(std::int64_t highest) override {
    return rows_.reserve("devices", highest);
  }

 protected:
  RowTransaction(Writer rows, const Sealer& sealer) : rows_(std::move(rows)), sealer_(sealer) {}

  [[nodiscard]] Writer& rows() { return rows_; }
  [[nodiscard]] const Sealer& sealer() const { return sealer_; }

  template <typename Enumeration>
  [[nodiscard]] static std::int64_t number_of(Enumeration value) {
    return static_cast<std::int64_t>(std::to_underlying(value));
  }

 private:
  using Bytes = Writer::Bytes;
  using Flag = Writer::Flag;

  [[nodiscard]] std::string sealed_password(const Account& account) const {
    return sealer_.seal(certificate_place(account.certificate_account),
                        account.certificate_password);
  }
  [[nodiscard]] std::string sealed_gateway(const Account& account) const {
    return sealer_.seal(gateway_place(account.certificate_account), account.gateway_key);
  }

  Writer rows_;
  const Sealer& sealer_;
};

}  // namespace gridloom::registry
