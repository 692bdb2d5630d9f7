// For tests: kinds of registry stores, and rows to put into them. A program that has another kind
// compiles the suites of this folder, and says in store_kinds() which kinds they are for.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "registry/registry.h"
#include "registry/sqlite/store.h"
#include "registry/store.h"
#include "registry/test_registry.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {

// A stored registry to which any number of connections are made, also by several threads at once.
class StoredRegistry {
 public:
  StoredRegistry() { std::filesystem::create_directory(data_folder()); }
  StoredRegistry(const StoredRegistry&) = delete;
  StoredRegistry& operator=(const StoredRegistry&) = delete;
  virtual ~StoredRegistry() = default;
  virtual std::unique_ptr<Store> connect() = 0;
  // All that is stored, as bytes that a thief would find.
  virtual std::string content() = 0;

  std::unique_ptr<Registry> open() { return must(Registry::open(connect(), data_folder())); }
  [[nodiscard]] std::filesystem::path data_folder() const { return folder_.data(); }

 private:
  TemporaryFolder folder_;
};

class InSqlite final : public StoredRegistry {
 public:
  std::unique_ptr<Store> connect() override { return must(open_sqlite_store(data_folder())); }
  std::string content() override {
    return content_of(data_folder() / "registry.sqlite") +
           content_of(data_folder() / "registry.sqlite-wal");
  }
};

struct StoreKind {
  std::string_view name;
  std::unique_ptr<StoredRegistry> (*make)();
  bool seals = true;  // secrets are encrypted
  // The reason why it cannot be made here; empty: it can.
  std::string_view (*missing)() = [] -> std::string_view { return {}; };
};
inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

// Each program of tests defines it, in kinds_test.cc.
[[nodiscard]] std::vector<StoreKind> store_kinds();
inline std::string name_of_kind(const testing::TestParamInfo<StoreKind>& kind) {
  return std::string(kind.param.name);
}

// A registry in a store of each kind.
class StoredRegistryTest : public testing::TestWithParam<StoreKind>, protected RegistryUser {
 protected:
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    stored_ = GetParam().make();
    reopen();
  }
  void reopen() {
    registry_.reset();
    registry_ = stored_->open();
  }

  std::unique_ptr<StoredRegistry> stored_;
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
