// An immutable snapshot of the registry: accounts, their keys and tokens, devices and access
// rights, bridges.
//
// The registry publishes a new Directory after each change; it shares all unchanged data with the
// previous one. Any thread may read a Directory without a lock. The pointers it returns are valid
// as long as the Directory lives: a caller that keeps them must keep its shared_ptr too.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/secret.h"
#include "registry/cow_index.h"

namespace gridloom::registry {

using gridloom::AccountId;

// Each level includes the levels before it. The numbers are stored.
enum class Rights : std::uint8_t { kNone = 0, kMonitor = 1, kFull = 2, kOwner = 3 };
[[nodiscard]] std::string_view name_of(Rights rights);

struct Account {
  AccountId id{};
  std::string name;
  std::string certificate_account;  // "open-" and 32 hex digits; never changes
  Secret certificate_password;      // 32 hex digits
  Secret gateway_key;               // the password of gateway:<name>
  // Incremented when the secret is rotated: sessions of an earlier generation have ended.
  std::int64_t certificate_generation = 1;
  std::int64_t gateway_generation = 1;
  Secret password_hash{};  // of the dashboard's password (registry/password.h); empty: none is set
};

struct AccessKey {
  std::string access_key;
  Secret secret_key;
  AccountId account{};
};

// The rights of a bearer token: to read the account's devices, to control them as well, to
// administer the server, or to read what one card shows in another site's page. A token of an
// administrator belongs to no account and has no devices. The numbers are stored.
enum class Scope : std::uint8_t { kRead = 1, kControl = 2, kAdmin = 3, kCard = 4 };
inline constexpr std::array<std::string_view, 4> kScopeNames = {"read", "control", "admin", "card"};
[[nodiscard]] std::string_view name_of(Scope scope);
// Whether a credential of the scope `given` may do what asks for `needed`.
[[nodiscard]] constexpr bool permits(Scope given, Scope needed) {
  if (given == Scope::kAdmin || needed == Scope::kAdmin) return given == needed;
  if (given == Scope::kCard || needed == Scope::kCard) return needed == Scope::kCard;
  return given >= needed;
}

// A credential of a program for /api/v1. Only the hash of its text is stored.
struct Token {
  std::int64_t number = 0;  // ascends in the order of adding; names the token in lists
  std::string hash;         // sha256_of() its text
  std::string name;         // what it is for
  AccountId account{};      // 0: none, an administrator's
  Scope scope = Scope::kRead;
  std::int64_t made_ms = 0;     // Unix time, as stored times are
  std::int64_t expires_ms = 0;  // 0: never
  // A card's device, by its serial number; the account may have lost it since. Empty: the card is
  // the home's.
  std::string device{};
};
// An administrator in the audit, where a gateway is gateway:NAME.
[[nodiscard]] inline std::string administrator_name(const Token& token) {
  return "admin:" + token.name;
}
[[nodiscard]] inline bool has_expired(const Token& token, TimePoint now) {
  return token.expires_ms != 0 && token.expires_ms <= unix_ms(now);
}

// How a browser signed in. The numbers are stored.
enum class SignInBy : std::uint8_t { kLink = 1, kPassword = 2 };

inline constexpr Millis kSessionIdle = std::chrono::days(30);
inline constexpr Millis kSessionLife = std::chrono::days(180);

// A browser that is signed in on the dashboard. Only the hash of its cookie is stored.
struct BrowserSession {
  std::int64_t number = 0;  // ascends in the order of adding; names the session in lists
  std::string hash;         // sha256_of() the cookie's value
  AccountId account{};
  SignInBy by = SignInBy::kLink;
  std::string client;        // the browser's name for itself, cut; not to be trusted
  std::int64_t made_ms = 0;  // Unix time, as stored times are
  std::int64_t used_ms = 0;  // last use, to within kSessionUseStep
};
// A later use is stored only after this long: a page in use must not write to the disk all day.
inline constexpr Millis kSessionUseStep = std::chrono::hours(1);
// The session ends then, in Unix milliseconds, if it is not used again.
[[nodiscard]] inline std::int64_t end_of(const BrowserSession& session) {
  return std::min(session.made_ms + kSessionLife.count(), session.used_ms + kSessionIdle.count());
}
[[nodiscard]] inline bool has_ended(const BrowserSession& session, TimePoint now) {
  return end_of(session) <= unix_ms(now);
}

struct Share {
  AccountId account{};
  Rights rights = Rights::kMonitor;  // or kFull
};

struct Device {
  std::string sn;
  std::string name;
  AccountId owner{};
  Secret key;                       // the device's MQTT password
  std::int64_t number = 0;          // ascends in the order of adding; a new one after a move
  std::vector<Share> shares;        // sorted by account
  std::int64_t key_generation = 1;  // incremented when the key is rotated
};

// A way in or out of the server (bridges/bridge.h), as it was added.
struct Bridge {
  std::int64_t number = 0;  // ascends in the order of adding
  std::string name;         // unique on the server; never changes
  std::string kind;         // one that this version does not know is kept
  AccountId account{};      // whose devices it uses
  Secret settings{};        // a JSON object, which may have passwords
  bool is_on = true;
  std::int64_t made_ms = 0;  // Unix time, as stored times are
};

class Directory {
 public:
  // nullptr if not found.
  [[nodiscard]] const AccessKey* find_key(std::string_view access_key) const;
  [[nodiscard]] const Account* find_account(AccountId id) const;
  [[nodiscard]] const Account* find_account_by_name(std::string_view name) const;
  [[nodiscard]] const Account* find_certificate(std::string_view certificate_account) const;
  [[nodiscard]] const Device* find_device(std::string_view sn) const;
  [[nodiscard]] const Token* find_token(std::string_view hash) const;
  [[nodiscard]] const BrowserSession* find_session(std::string_view hash) const;
  [[nodiscard]] const Bridge* find_bridge(std::string_view name) const;

  [[nodiscard]] static Rights rights(AccountId account, const Device& device);

  // Incremented when a credential, a device or a share is revoked or removed.
  [[nodiscard]] std::uint64_t revocations() const { return revocations_; }

  // All lists are in the order of adding; an unknown account has empty lists. The tokens of
  // AccountId{} are those of administrators.
  [[nodiscard]] std::vector<const Account*> accounts() const;
  [[nodiscard]] std::vector<const Device*> devices() const;
  [[nodiscard]] std::vector<const Bridge*> bridges() const;  // of all accounts
  [[nodiscard]] std::vector<const AccessKey*> keys_of(AccountId account) const;
  [[nodiscard]] std::vector<const Token*> tokens_of(AccountId account) const;
  [[nodiscard]] std::vector<const BrowserSession*> sessions_of(AccountId account) const;
  [[nodiscard]] std::vector<const Device*> devices_of(AccountId account) const;   // owned
  [[nodiscard]] std::vector<const Device*> shared_with(AccountId account) const;  // not owned

 private:
  friend class DirectoryDraft;

  // The keys, tokens, sessions, devices and shares of one account; the pointers point into the
  // indexes of the same Directory.
  struct Holding {
    AccountId account{};
    std::vector<const AccessKey*> keys;
    std::vector<const Token*> tokens;
    std::vector<const BrowserSession*> sessions;
    std::vector<const Device*> own;
    std::vector<const Device*> shared;
  };

  CowIndex<Account, &Account::id> accounts_;
  CowIndex<Account, &Account::name> names_;
  CowIndex<Account, &Account::certificate_account> certificates_;
  CowIndex<AccessKey, &AccessKey::access_key> keys_;
  CowIndex<Token, &Token::hash> tokens_;
  CowIndex<BrowserSession, &BrowserSession::hash> sessions_;
  CowIndex<Device, &Device::sn> devices_;
  CowIndex<Bridge, &Bridge::name> bridges_;
  CowIndex<Holding, &Holding::account> holdings_;
  std::uint64_t revocations_ = 0;
};

// Where the directory comes from: all that those who only look things up see of the registry.
//
// Thread rule: any function from any thread.
class DirectorySource {
 public:
  DirectorySource() = default;
  DirectorySource(const DirectorySource&) = delete;
  DirectorySource& operator=(const DirectorySource&) = delete;
  virtual ~DirectorySource() = default;

  // Never null. Takes a short lock; a caller may cache the result and refresh it in on_change.
  [[nodiscard]] virtual std::shared_ptr<const Directory> directory() const = 0;
  // Calls `listener` after each change, on the thread that made it. directory() is already updated,
  // and the listener may call any function of the registry. Listeners cannot be removed.
  virtual void on_change(std::function<void()> listener) = 0;
};

}  // namespace gridloom::registry
