// For tests: the kinds of registry stores, and rows to put into them. A new kind is one more row of
// kKinds.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "registry/sqlite/store.h"
#include "registry/store.h"
#include "registry/test_memory_store.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {

// A registry to which any number of connections are made.
class StoredRegistry {
 public:
  StoredRegistry() = default;
  StoredRegistry(const StoredRegistry&) = delete;
  StoredRegistry& operator=(const StoredRegistry&) = delete;
  virtual ~StoredRegistry() = default;
  virtual std::unique_ptr<Store> connect() = 0;
};

class InSqlite final : public StoredRegistry {
 public:
  std::unique_ptr<Store> connect() override { return must(SqliteStore::open(folder_.data())); }

 private:
  TemporaryFolder folder_;
};

class InMemory final : public StoredRegistry {
 public:
  std::unique_ptr<Store> connect() override { return std::make_unique<MemoryStore>(registry_); }

 private:
  std::shared_ptr<MemoryRegistry> registry_ = std::make_shared<MemoryRegistry>();
};

struct Kind {
  std::string_view name;
  std::unique_ptr<StoredRegistry> (*make)();
};
inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

inline const Kind kKinds[] = {
    {"Sqlite", [] -> std::unique_ptr<StoredRegistry> { return std::make_unique<InSqlite>(); }},
    {"Memory", [] -> std::unique_ptr<StoredRegistry> { return std::make_unique<InMemory>(); }},
};

inline Account account_of(std::string_view name) {
  return {.id = {},
          .name = std::string(name),
          .certificate_account = "open-" + std::string(name),
          .certificate_password = Secret("password of " + std::string(name)),
          .gateway_key = Secret("gateway of " + std::string(name))};
}
inline AccessKey key_of(std::string_view text, AccountId account) {
  return {.access_key = std::string(text),
          .secret_key = Secret("secret of " + std::string(text)),
          .account = account};
}
inline Token token_of(std::string_view hash, AccountId account) {
  return {.number = 0,
          .hash = std::string(hash),
          .name = "script",
          .account = account,
          .scope = Scope::kControl,
          .made_ms = 1000,
          .expires_ms = 2000};
}
inline Token admin_token_of(std::string_view hash, AccountId account) {
  Token token = token_of(hash, account);
  token.scope = Scope::kAdmin;
  return token;
}
inline BrowserSession session_of(std::string_view hash, AccountId account) {
  return {.number = 0,
          .hash = std::string(hash),
          .account = account,
          .by = SignInBy::kPassword,
          .client = "Browser",
          .made_ms = 3000,
          .used_ms = 4000};
}
inline Bridge bridge_of(std::string_view name, AccountId account) {
  return {.number = 0,
          .name = std::string(name),
          .kind = "mirror",
          .account = account,
          .settings = Secret("settings of " + std::string(name)),
          .is_on = true,
          .made_ms = 5000};
}
inline Device device_of(std::string_view sn, AccountId owner) {
  return {.sn = std::string(sn),
          .name = "name of " + std::string(sn),
          .owner = owner,
          .key = Secret("key of " + std::string(sn)),
          .number = 0,
          .shares = {}};
}

}  // namespace gridloom::registry
