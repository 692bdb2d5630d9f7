// For tests: a registry in a temporary folder, and its directory's content as text.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/registry.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {

// The results of all queries of a directory, as text.
inline std::string describe(const Directory& directory) {
  std::string text;
  const auto line = [&text]<typename... Args>(fmt::format_string<Args...> form, Args&&... args) {
    fmt::format_to(std::back_inserter(text), form, std::forward<Args>(args)...);
    text += '\n';
  };
  for (const Account* a : directory.accounts()) {
    line("account {} {} {} {} {} {} {} {}", static_cast<int>(a->id), a->name,
         a->certificate_account, a->certificate_password.reveal(), a->certificate_generation,
         a->gateway_key.reveal(), a->gateway_generation, a->password_hash.reveal());
    for (const AccessKey* k : directory.keys_of(a->id)) {
      line("  key {} {} {}", k->access_key, k->secret_key.reveal(),
           directory.find_key(k->access_key) == k);
    }
    for (const Token* t : directory.tokens_of(a->id)) {
      line("  token {} {} {} {} {} {} {} {}", t->number, t->hash, t->name, name_of(t->scope),
           t->made_ms, t->expires_ms, t->device, directory.find_token(t->hash) == t);
    }
    for (const BrowserSession* s : directory.sessions_of(a->id)) {
      line("  session {} {} {} {} {} {} {}", s->number, s->hash, static_cast<int>(s->by), s->client,
           s->made_ms, s->used_ms, directory.find_session(s->hash) == s);
    }
    for (const Device* d : directory.devices_of(a->id)) {
      line("  owns {} {}", d->sn, directory.find_device(d->sn) == d);
    }
    for (const Device* d : directory.shared_with(a->id)) {
      line("  uses {} {} {}", d->sn, static_cast<int>(Directory::rights(a->id, *d)),
           directory.find_device(d->sn) == d);
    }
    line("  found {} {} {}", directory.find_account(a->id) == a,
         directory.find_account_by_name(a->name) == a,
         directory.find_certificate(a->certificate_account) == a);
  }
  for (const Token* t : directory.tokens_of({})) {
    line("administrator's token {} {} {} {} {} {} {}", t->number, t->hash, t->name,
         name_of(t->scope), t->made_ms, t->expires_ms, directory.find_token(t->hash) == t);
  }
  for (const Device* d : directory.devices()) {
    line("device {} {} {} {} {} {}", d->number, d->sn, d->name, static_cast<int>(d->owner),
         d->key.reveal(), d->key_generation);
    for (const Share& s : d->shares) {
      line("  share {} {}", static_cast<int>(s.account), static_cast<int>(s.rights));
    }
  }
  for (const Bridge* b : directory.bridges()) {
    line("bridge {} {} {} {} {} {} {} {}", b->number, b->name, b->kind,
         static_cast<int>(b->account), b->settings.reveal(), b->is_on ? "on" : "off", b->made_ms,
         directory.find_bridge(b->name) == b);
  }
  return text;
}

// What tests ask of an open registry.
class RegistryUser {
 protected:
  AccountId account(std::string_view name) {
    const Result<NewAccount> made = registry_->add_account({.name = name});
    EXPECT_TRUE(made) << made.error().detail;
    return made->account.id;
  }
  void device(std::string_view sn, std::string_view owner) {
    const Result<Secret> key = registry_->add_device({.sn = sn, .name = sn, .owner = owner});
    EXPECT_TRUE(key) << key.error().detail;
  }
  [[nodiscard]] Rights rights(AccountId account, std::string_view sn) const {
    const auto directory = registry_->directory();
    return Directory::rights(account, *directory->find_device(sn));
  }
  [[nodiscard]] std::vector<std::string> owned(AccountId account) const {
    const auto directory = registry_->directory();
    std::vector<std::string> names;
    for (const Device* device : directory->devices_of(account)) names.push_back(device->sn);
    return names;
  }
  [[nodiscard]] std::vector<std::string> used(AccountId account) const {
    const auto directory = registry_->directory();
    std::vector<std::string> names;
    for (const Device* device : directory->shared_with(account)) names.push_back(device->sn);
    return names;
  }

  std::unique_ptr<Registry> registry_;
};

// A registry in the files of a folder. StoredRegistryTest has one in a store of each kind
// (registry/store_conformance/test_stores.h).
class RegistryTest : public testing::Test, protected RegistryUser {
 protected:
  RegistryTest() { reopen(); }

  void reopen() {
    registry_.reset();
    Result<std::unique_ptr<Registry>> opened = Registry::open(folder_.data());
    ASSERT_TRUE(opened) << opened.error().detail;
    registry_ = std::move(*opened);
  }

  TemporaryFolder folder_;
};

template <typename T>
void expect_fault(const Result<T>& result, ErrorCode kind, std::string_view detail) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, kind);
  EXPECT_EQ(result.error().detail, detail);
}

using Names = std::vector<std::string>;

}  // namespace gridloom::registry
