// The registry: accounts, access keys, tokens, browser sessions, MQTT certificates, devices,
// shares, gateway keys and bridges, kept in a store (registry/store.h).
//
// Every function may be called from any thread. Changes are serialised, block on disk I/O, and are
// durable when they return; MQTT and HTTP requests read directory(), which never waits for a
// change. Another process may change the same store: its changes become visible here with the next
// change made through this object, or as soon as a ChangeSource says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "registry/directory.h"
#include "registry/rules.h"

namespace gridloom::registry {

class ChangeSource;
class Committer;
class Store;

// Begins the text of every token, so that secret scanners and people recognize one.
inline constexpr std::string_view kTokenPrefix = "glt_";

// The key pair is generated unless both halves are given.
struct AccountSpec {
  std::string_view name;
  std::string_view access_key = {};
  std::string_view secret_key = {};
};

struct NewAccount {
  Account account;
  AccessKey key;
};

struct TokenSpec {
  std::string_view name;     // what it is for
  std::string_view account;  // the account's name; empty, and only then, for Scope::kAdmin
  Scope scope = Scope::kRead;
  TimePoint now{};
  Millis valid_for{};            // 0: it never expires
  std::string_view device = {};  // of Scope::kCard alone: its serial number; empty: the home
};

struct NewToken {
  Token token;
  Secret text;  // kTokenPrefix and 40 letters and digits
};

struct DeviceSpec {
  std::string_view sn;
  std::string_view name;
  std::string_view owner;     // the account's name
  std::string_view key = {};  // generated unless given
};

struct DeviceRename {
  std::string_view sn;
  std::string_view name;
};

// Whether a moved device keeps its reported history, and with it its device number.
enum class MovedHistory : std::uint8_t { kStaysBehind, kGoesAlong };

struct DeviceMove {
  std::string_view sn;
  std::string_view owner;  // the account's name
  MovedHistory history = MovedHistory::kStaysBehind;
};

struct DeviceShare {
  std::string_view sn;
  std::string_view account;          // the account's name
  Rights rights = Rights::kMonitor;  // kNone removes the share
};

struct SessionSpec {
  AccountId account{};
  SignInBy by = SignInBy::kLink;
  std::string_view client = {};  // the browser's name for itself; is cut
  TimePoint now{};
};

struct NewSession {
  BrowserSession session;
  Secret text;  // the cookie's value: 43 letters and digits
  // The account's sessions that ended with this sign-in: those whose time was over, and the least
  // used one beyond kSessionsPerAccount.
  struct Ended {
    std::int64_t number = 0;
    bool is_over = false;  // its time
  };
  std::vector<Ended> ended{};
};

struct PasswordChange {
  AccountId account{};
  Secret hash;                     // registry/password.h
  std::int64_t keeps_session = 0;  // the account's other sessions end; 0: all do
};

struct BridgeSpec {
  std::string_view name;
  std::string_view kind;
  std::string_view account;  // the account's name
  Secret settings{};         // a JSON object, which the caller has checked
  TimePoint now{};
};

// Members that are not given stay as they are.
struct BridgeChange {
  std::string_view name;
  std::optional<Secret> settings{};
  std::optional<bool> is_on{};
};

class Registry final : public DirectorySource {
 public:
  ~Registry() override;

  // Opens the registry of a data folder, whose files are created if they do not exist, and upgraded
  // if they are of an earlier version. Errors name the file and the remedy.
  [[nodiscard]] static Result<std::unique_ptr<Registry>> open(
      const std::filesystem::path& data_folder);
  // Opens the registry in `store`; the data folder, which exists, has the file of the last revision
  // seen (registry/revision.h).
  [[nodiscard]] static Result<std::unique_ptr<Registry>> open(
      std::unique_ptr<Store> store, const std::filesystem::path& data_folder);
  // Also follows the changes of other processes.
  [[nodiscard]] static Result<std::unique_ptr<Registry>> open(
      std::unique_ptr<Store> store, const std::filesystem::path& data_folder,
      std::unique_ptr<ChangeSource> changes);

  [[nodiscard]] std::shared_ptr<const Directory> directory() const override;

  // Errors of all changes: kBadParams (rules.h), kNotFound (no such account, key, device, share or
  // bridge), kConflict (already exists, limit reached, or still in use), kIo.

  [[nodiscard]] Result<NewAccount> add_account(const AccountSpec& spec);
  // Adds a key pair to an account; at most kKeyPairsPerAccount.
  [[nodiscard]] Result<AccessKey> add_keys(std::string_view account_name);
  [[nodiscard]] Status remove_key(std::string_view access_key);
  // Adds a bearer token to an account; at most kTokensPerAccount. Its text is not stored. A card's
  // device is one that the account may read.
  [[nodiscard]] Result<NewToken> add_token(const TokenSpec& spec);
  [[nodiscard]] Status remove_token(std::int64_t number);

  // Browser sessions (browser_sessions.cc). At most kSessionsPerAccount: a further one ends the one
  // that was used least lately.
  [[nodiscard]] Result<NewSession> add_session(const SessionSpec& spec);
  [[nodiscard]] Status use_session(std::string_view hash, TimePoint now);
  [[nodiscard]] Status end_session(AccountId account, std::int64_t number);
  // Returns the sessions that the change ended, also those whose time was over.
  [[nodiscard]] Result<std::vector<BrowserSession>> set_password(const PasswordChange& change);

  // Bridges (bridges.cc). At most kBridgesPerServer; a new one is on. Names and kinds keep
  // check_short_name(), and settings have at most kBridgeSettingsMaxBytes.
  [[nodiscard]] Result<Bridge> add_bridge(const BridgeSpec& spec);
  [[nodiscard]] Status change_bridge(const BridgeChange& change);
  [[nodiscard]] Status remove_bridge(std::string_view name);

  // Eight hexadecimal digits that differ from other servers'. Changes when the registry was set
  // back.
  [[nodiscard]] const std::string& instance() const { return instance_; }

  // Returns the new password. The certificate account stays the same, because the account's MQTT
  // topics contain it.
  [[nodiscard]] Result<Secret> rotate_certificate(std::string_view account_name);
  [[nodiscard]] Result<Secret> rotate_gateway(std::string_view account_name);
  // Also removes the account's keys, tokens, sessions, bridges and the shares it was given.
  // kConflict while it owns devices.
  [[nodiscard]] Status remove_account(std::string_view name);

  // Returns the device's key.
  [[nodiscard]] Result<Secret> add_device(const DeviceSpec& spec);
  // Adds all devices in one commit, or none. Returns their keys in the order of `specs`.
  [[nodiscard]] Result<std::vector<Secret>> add_devices(std::span<const DeviceSpec> specs);
  [[nodiscard]] Status rename_device(const DeviceRename& change);
  // At most kSharesPerDevice accounts per device.
  [[nodiscard]] Status share_device(const DeviceShare& share);
  // Returns the device's new key.
  [[nodiscard]] Result<Secret> rotate_device(std::string_view sn);
  // Ends all shares and the key of the device; returns the new key. With kStaysBehind the device
  // gets a new number, like a device that was removed and added again, and removed_devices()
  // contains the old number.
  [[nodiscard]] Result<Secret> move_device(const DeviceMove& change);
  // removed_devices() contains the device's number from then on.
  [[nodiscard]] Status remove_device(std::string_view sn);

  // Numbers of all removed devices, ascending: data of these devices kept elsewhere may be purged.
  // A number that is neither here nor in the directory was never removed: keep its data.
  [[nodiscard]] Result<std::vector<std::int64_t>> removed_devices();
  // Adds these numbers to removed_devices(). kConflict: a number belongs to an existing device.
  [[nodiscard]] Status purge_devices(std::span<const std::int64_t> numbers);
  // Makes new devices get numbers above `highest`, because lower numbers are in use elsewhere.
  [[nodiscard]] Status reserve_device_numbers(std::int64_t highest);

  // The reason why this registry is not the newest one of this folder: it was replaced, is an old
  // copy, or lost its last changes. Empty: no setback is known. A setback persists over restarts,
  // until the newest registry is restored or this one is accepted.
  [[nodiscard]] std::string setback() const;
  void accept_setback();

  // After each commit.
  void on_change(std::function<void()> listener) override;
  // From then on no listener is called, and changes of other processes are not followed. No other
  // thread makes a change meanwhile.
  void end_listening();

 private:
  Registry(std::unique_ptr<Committer> committer, std::unique_ptr<ChangeSource> changes);

  const std::unique_ptr<Committer> committer_;
  const std::string instance_;
  std::unique_ptr<ChangeSource> changes_;  // ends first: it calls the committer
};

}  // namespace gridloom::registry
