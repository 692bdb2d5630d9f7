// Implements the rules of every change: a change is checked against the present directory, then
// written to the store and to the next directory, which the committer publishes.
#include "registry/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "registry/committer.h"
#include "registry/named.h"
#include "registry/store.h"

namespace gridloom::registry {
namespace {

using Edit = Committer::Edit;

constexpr std::string_view kADeviceName = "a device name";
constexpr std::string_view kATokenName = "a token's name";

// The length of the vendor's keys.
constexpr std::size_t kMadeKeyCharacters = 32;
constexpr std::size_t kCertificateBytes = 16;
constexpr std::size_t kTokenCharacters = 40;  // 238 bits
constexpr std::size_t kInstanceDigits = 8;

Result<const Device*> device_of(const Directory& present, std::string_view sn) {
  GL_TRY(check_sn(sn));
  const Device* device = present.find_device(sn);
  if (device == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no device '{}'", sn));
  }
  return device;
}

// kNotFound: the account may not read the device of the card, or there is none.
Status check_card_device(const Directory& present, const Account& account, std::string_view sn) {
  GL_TRY(const Device* const device, device_of(present, sn));
  if (Directory::rights(account.id, *device) != Rights::kNone) return {};
  return fail(ErrorCode::kNotFound,
              fmt::format("account '{}' may not read device '{}'", account.name, sn));
}

// The key pair of the specification, or a generated one.
Result<AccessKey> key_pair_of(const AccountSpec& spec) {
  if (spec.access_key.empty() != spec.secret_key.empty()) {
    return fail(ErrorCode::kBadParams, "give both an access key and a secret key, or neither");
  }
  if (spec.access_key.empty()) {
    return AccessKey{.access_key = random_key(kMadeKeyCharacters),
                     .secret_key = Secret(random_key(kMadeKeyCharacters)),
                     .account = {}};
  }
  GL_TRY(check_access_key(spec.access_key));
  GL_TRY(check_secret(spec.secret_key, "a secret key"));
  return AccessKey{.access_key = std::string(spec.access_key),
                   .secret_key = Secret(std::string(spec.secret_key)),
                   .account = {}};
}

// The device's shares with `share` added, changed or removed; sorted by account.
Result<std::vector<Share>> shares_with(const Device& device, const Share& share,
                                       std::string_view account_name) {
  std::vector<Share> shares = device.shares;
  const auto at = std::ranges::lower_bound(shares, share.account, {}, &Share::account);
  const bool is_there = at != shares.end() && at->account == share.account;
  if (share.rights == Rights::kNone) {
    if (!is_there) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("device '{}' is not shared with '{}'", device.sn, account_name));
    }
    shares.erase(at);
  } else if (is_there) {
    at->rights = share.rights;
  } else if (shares.size() == kSharesPerDevice) {
    return fail(ErrorCode::kConflict, fmt::format("device '{}' is shared with {} accounts already",
                                                  device.sn, kSharesPerDevice));
  } else {
    shares.insert(at, share);
  }
  return shares;
}

Result<Secret> insert_device(Edit& edit, const DeviceSpec& spec) {
  GL_TRY(check_sn(spec.sn));
  GL_TRY(check_name(spec.name, kADeviceName));
  if (!spec.key.empty()) {
    GL_TRY(check_secret(spec.key, "a device key", kDeviceKeyMinBytes));
  }
  GL_TRY(const Account* const owner, account_named(edit.present, spec.owner));
  Device device{
      .sn = std::string(spec.sn),
      .name = std::string(spec.name),
      .owner = owner->id,
      .key = Secret(spec.key.empty() ? random_key(kMadeKeyCharacters) : std::string(spec.key)),
      .number = 0,
      .shares = {}};
  const Result<std::int64_t> number = edit.stored.insert(device);
  if (!number && number.error().code == ErrorCode::kConflict) {
    return fail(ErrorCode::kConflict, fmt::format("device '{}' exists already", spec.sn));
  }
  if (!number) return std::unexpected(number.error());
  device.number = *number;
  Secret key = device.key;
  edit.next.put(std::move(device));
  return key;
}

// Stores a moved device that already has its new owner and key; sets its new number.
Status store_moved(Edit& edit, Device& device, MovedHistory history) {
  if (history == MovedHistory::kGoesAlong) {
    ++device.key_generation;
    GL_TRY(edit.stored.remove_shares(device));
    GL_TRY(edit.stored.update_name_and_owner(device));
    return edit.stored.update_key(device);
  }
  GL_TRY(edit.stored.remove(device));
  GL_TRY(const std::int64_t number, edit.stored.insert(device));
  device.number = number;
  device.key_generation = 1;
  return {};
}

}  // namespace

Registry::Registry(std::unique_ptr<Committer> committer, std::unique_ptr<ChangeSource> changes)
    : committer_(std::move(committer)),
      instance_(committer_->id().substr(0, kInstanceDigits)),
      changes_(std::move(changes)) {
  if (changes_ == nullptr) return;
  changes_->start([writer = committer_.get()] { return writer->refresh(); });
}

Registry::~Registry() = default;

Result<std::unique_ptr<Registry>> Registry::open(std::unique_ptr<Store> store,
                                                 const std::filesystem::path& data_folder,
                                                 std::unique_ptr<ChangeSource> changes) {
  auto committer = std::make_unique<Committer>(std::move(store), data_folder);
  GL_TRY(committer->load());
  return std::unique_ptr<Registry>(new Registry(std::move(committer), std::move(changes)));
}

Result<std::unique_ptr<Registry>> Registry::open(std::unique_ptr<Store> store,
                                                 const std::filesystem::path& data_folder) {
  return open(std::move(store), data_folder, nullptr);
}

std::shared_ptr<const Directory> Registry::directory() const { return committer_->directory(); }

void Registry::on_change(std::function<void()> listener) {
  committer_->on_change(std::move(listener));
}

void Registry::end_listening() {
  changes_.reset();
  committer_->end_listening();
}

std::string Registry::setback() const { return committer_->setback(); }

void Registry::accept_setback() { committer_->accept_setback(); }

Result<NewAccount> Registry::add_account(const AccountSpec& spec) {
  GL_TRY(check_name(spec.name, kAnAccountName));
  GL_TRY(AccessKey key, key_pair_of(spec));
  NewAccount made{.account = {.id = {},
                              .name = std::string(spec.name),
                              .certificate_account = "open-" + random_hex(kCertificateBytes),
                              .certificate_password = Secret(random_hex(kCertificateBytes)),
                              .gateway_key = Secret(random_key(kMadeKeyCharacters))},
                  .key = std::move(key)};
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    if (edit.present.find_account_by_name(made.account.name) != nullptr) {
      return fail(ErrorCode::kConflict,
                  fmt::format("account '{}' exists already", made.account.name));
    }
    if (edit.present.find_key(made.key.access_key) != nullptr) {
      return fail(ErrorCode::kConflict,
                  fmt::format("the access key '{}' is in use already", made.key.access_key));
    }
    GL_TRY(const AccountId id, edit.stored.insert(made.account));
    made.account.id = id;
    made.key.account = id;
    GL_TRY(edit.stored.insert(made.key));
    edit.next.put(made.account);
    edit.next.put(made.key);
    return {};
  }));
  return made;
}

Result<AccessKey> Registry::add_keys(std::string_view account_name) {
  AccessKey key{.access_key = random_key(kMadeKeyCharacters),
                .secret_key = Secret(random_key(kMadeKeyCharacters)),
                .account = {}};
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Account* const account, account_named(edit.present, account_name));
    key.account = account->id;
    if (edit.present.keys_of(key.account).size() >= kKeyPairsPerAccount) {
      return fail(ErrorCode::kConflict,
                  fmt::format("account '{}' has {} key pairs already; remove one first",
                              account_name, kKeyPairsPerAccount));
    }
    GL_TRY(edit.stored.insert(key));
    edit.next.put(key);
    return {};
  }));
  return key;
}

Status Registry::remove_key(std::string_view access_key) {
  GL_TRY(check_access_key(access_key));
  return committer_->apply([&](Edit& edit) -> Status {
    const AccessKey* key = edit.present.find_key(access_key);
    if (key == nullptr) {
      return fail(ErrorCode::kNotFound, fmt::format("there is no access key '{}'", access_key));
    }
    edit.next.erase_key(access_key);
    return edit.stored.remove(*key);
  });
}

Result<NewToken> Registry::add_token(const TokenSpec& spec) {
  GL_TRY(check_name(spec.name, kATokenName));
  if (spec.scope == Scope::kAdmin && !spec.account.empty()) {
    return fail(ErrorCode::kBadParams,
                "a token with the scope admin belongs to no account: leave the account out");
  }
  if (spec.scope != Scope::kCard && !spec.device.empty()) {
    return fail(ErrorCode::kBadParams,
                "only a token with the scope card is for one device: leave the device out");
  }
  NewToken made{
      .token = {.number = 0,
                .hash = {},
                .name = std::string(spec.name),
                .account = {},
                .scope = spec.scope,
                .made_ms = unix_ms(spec.now),
                .expires_ms = spec.valid_for.count() == 0 ? 0 : unix_ms(spec.now + spec.valid_for),
                .device = std::string(spec.device)},
      .text = Secret(std::string(kTokenPrefix) + random_key(kTokenCharacters))};
  made.token.hash = sha256_of(made.text.reveal());
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    if (spec.scope != Scope::kAdmin) {
      GL_TRY(const Account* const account, account_named(edit.present, spec.account));
      made.token.account = account->id;
      if (!spec.device.empty()) {
        GL_TRY(check_card_device(edit.present, *account, spec.device));
      }
    }
    if (edit.present.tokens_of(made.token.account).size() >= kTokensPerAccount) {
      return fail(
          ErrorCode::kConflict,
          spec.account.empty()
              ? fmt::format("there are {} tokens of administrators already; remove one first",
                            kTokensPerAccount)
              : fmt::format("account '{}' has {} tokens already; remove one first", spec.account,
                            kTokensPerAccount));
    }
    GL_TRY(const std::int64_t number, edit.stored.insert(made.token));
    made.token.number = number;
    edit.next.put(made.token);
    return {};
  }));
  return made;
}

Status Registry::remove_token(std::int64_t number) {
  return committer_->apply([&](Edit& edit) -> Status {
    std::vector<AccountId> holders{AccountId{}};
    for (const Account* account : edit.present.accounts()) holders.push_back(account->id);
    for (const AccountId holder : holders) {
      const auto tokens = edit.present.tokens_of(holder);
      const auto found = std::ranges::find(tokens, number, &Token::number);
      if (found == tokens.end()) continue;
      const Token token = **found;
      edit.next.erase_token(token.hash);
      return edit.stored.remove(token);
    }
    return fail(ErrorCode::kNotFound, fmt::format("there is no token {}", number));
  });
}

Result<Secret> Registry::rotate_certificate(std::string_view account_name) {
  Secret password(random_hex(kCertificateBytes));
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Account* const found, account_named(edit.present, account_name));
    Account account = *found;
    account.certificate_password = password;
    ++account.certificate_generation;
    GL_TRY(edit.stored.update_certificate_password(account));
    edit.next.put(std::move(account));
    return {};
  }));
  return password;
}

Result<Secret> Registry::rotate_gateway(std::string_view account_name) {
  Secret key(random_key(kMadeKeyCharacters));
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Account* const found, account_named(edit.present, account_name));
    Account account = *found;
    account.gateway_key = key;
    ++account.gateway_generation;
    GL_TRY(edit.stored.update_gateway_key(account));
    edit.next.put(std::move(account));
    return {};
  }));
  return key;
}

Status Registry::remove_account(std::string_view name) {
  return committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Account* const account, account_named(edit.present, name));
    const std::size_t owned = edit.present.devices_of(account->id).size();
    if (owned != 0) {
      return fail(ErrorCode::kConflict,
                  fmt::format("account '{}' owns {} device{}; move or remove {} first", name, owned,
                              owned == 1 ? "" : "s", owned == 1 ? "it" : "them"));
    }
    edit.next.erase_account(account->id);
    return edit.stored.remove(*account);
  });
}

Result<Secret> Registry::add_device(const DeviceSpec& spec) {
  GL_TRY(std::vector<Secret> keys, add_devices(std::span(&spec, 1)));
  return std::move(keys.front());
}

Result<std::vector<Secret>> Registry::add_devices(std::span<const DeviceSpec> specs) {
  std::vector<Secret> keys;
  keys.reserve(specs.size());
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    for (const DeviceSpec& spec : specs) {
      GL_TRY(Secret key, insert_device(edit, spec));
      keys.push_back(std::move(key));
    }
    return {};
  }));
  return keys;
}

Status Registry::rename_device(const DeviceRename& change) {
  GL_TRY(check_name(change.name, kADeviceName));
  return committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Device* const found, device_of(edit.present, change.sn));
    Device device = *found;
    device.name = change.name;
    GL_TRY(edit.stored.update_name_and_owner(device));
    edit.next.put(std::move(device));
    return {};
  });
}

Status Registry::share_device(const DeviceShare& share) {
  if (share.rights > Rights::kFull) {
    return fail(
        ErrorCode::kBadParams,
        "rights is 'owner': must be monitor, full or none; to change the owner, move the device");
  }
  return committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Device* const found, device_of(edit.present, share.sn));
    GL_TRY(const Account* const account, account_named(edit.present, share.account));
    Device device = *found;
    if (device.owner == account->id) {
      return fail(ErrorCode::kConflict,
                  fmt::format("account '{}' owns device '{}'", share.account, share.sn));
    }
    const Share change{.account = account->id, .rights = share.rights};
    GL_TRY(std::vector<Share> shares, shares_with(device, change, share.account));
    device.shares = std::move(shares);
    GL_TRY(edit.stored.update_share(device, change));
    edit.next.put(std::move(device));
    return {};
  });
}

Result<Secret> Registry::rotate_device(std::string_view sn) {
  Secret key(random_key(kMadeKeyCharacters));
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Device* const found, device_of(edit.present, sn));
    Device device = *found;
    device.key = key;
    ++device.key_generation;
    GL_TRY(edit.stored.update_key(device));
    edit.next.put(std::move(device));
    return {};
  }));
  return key;
}

Result<Secret> Registry::move_device(const DeviceMove& change) {
  Secret key(random_key(kMadeKeyCharacters));
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Device* const found, device_of(edit.present, change.sn));
    GL_TRY(const Account* const owner, account_named(edit.present, change.owner));
    Device device = *found;
    if (device.owner == owner->id) {
      return fail(ErrorCode::kConflict,
                  fmt::format("account '{}' owns device '{}' already", change.owner, change.sn));
    }
    device.owner = owner->id;
    device.shares.clear();
    device.key = key;
    GL_TRY(store_moved(edit, device, change.history));
    edit.next.put(std::move(device));
    return {};
  }));
  return key;
}

Status Registry::remove_device(std::string_view sn) {
  return committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Device* const device, device_of(edit.present, sn));
    edit.next.erase_device(sn);
    return edit.stored.remove(*device);
  });
}

Result<std::vector<std::int64_t>> Registry::removed_devices() {
  return committer_->removed_devices();
}

Status Registry::purge_devices(std::span<const std::int64_t> numbers) {
  return committer_->apply([&](Edit& edit) -> Status {
    for (const Device* device : edit.present.devices()) {
      if (std::ranges::find(numbers, device->number) == numbers.end()) continue;
      return fail(ErrorCode::kConflict,
                  fmt::format("number {} belongs to device '{}', which the registry has: remove "
                              "the device instead",
                              device->number, device->sn));
    }
    for (const std::int64_t number : numbers) {
      GL_TRY(edit.stored.add_removed(number));
    }
    return {};
  });
}

Status Registry::reserve_device_numbers(std::int64_t highest) {
  GL_TRY(const std::int64_t given, committer_->highest_device_number());
  if (given >= highest) return {};
  return committer_->apply([&](Edit& edit) { return edit.stored.reserve_device_numbers(highest); });
}

}  // namespace gridloom::registry
