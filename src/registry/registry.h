// The registry: accounts, access keys, MQTT certificates, devices, shares and gateway keys, kept in
// DATA/registry.sqlite, with their secrets sealed under DATA/secret.key.
//
// Every function may be called from any thread. Changes are serial, block on the disk, and are on
// it when they return; the doors read directory(), which never waits for them. Another process may
// change the same file: its changes show here with the next change made here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "registry/directory.h"
#include "registry/rules.h"

namespace gridloom::registry {

class DirectoryDraft;
class Store;

// The key pair is made up unless both halves are given.
struct AccountSpec {
  std::string_view name;
  std::string_view access_key = {};
  std::string_view secret_key = {};
};

struct NewAccount {
  Account account;
  AccessKey key;
};

struct DeviceSpec {
  std::string_view sn;
  std::string_view name;
  std::string_view owner;     // the account's name
  std::string_view key = {};  // made up unless given
};

struct DeviceName {
  std::string_view sn;
  std::string_view name;
};

// What a moved device takes along of what it reported: its number, or nothing.
enum class MovedHistory : std::uint8_t { kStaysBehind, kGoesAlong };

struct DeviceOwner {
  std::string_view sn;
  std::string_view owner;  // the account's name
  MovedHistory history = MovedHistory::kStaysBehind;
};

struct DeviceShare {
  std::string_view sn;
  std::string_view account;          // its name
  Rights rights = Rights::kMonitor;  // kNone ends the share
};

class Registry {
 public:
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  // Makes folder, key file and database when they are not there, and brings an older schema up to
  // date. Faults name the file and the cure.
  [[nodiscard]] static Result<std::unique_ptr<Registry>> open(
      const std::filesystem::path& data_folder);

  // Never null. A short lock; a door may keep it and ask again in on_change.
  [[nodiscard]] std::shared_ptr<const Directory> directory() const;

  // Faults of the changes: kBadParams (rules.h), kNotFound (no such account, key, device or share),
  // kConflict (exists already, at its limit, or still in use), kIo.

  [[nodiscard]] Result<NewAccount> add_account(const AccountSpec& spec);
  // Another key pair for an account; at most kKeyPairsPerAccount.
  [[nodiscard]] Result<AccessKey> add_keys(std::string_view account_name);
  [[nodiscard]] Status remove_key(std::string_view access_key);
  // A new password. The certificate account stays, because the account's MQTT topics contain it.
  [[nodiscard]] Result<Secret> rotate_certificate(std::string_view account_name);
  [[nodiscard]] Result<Secret> rotate_gateway(std::string_view account_name);
  // With its keys, and the shares it was given. kConflict while it owns devices.
  [[nodiscard]] Status remove_account(std::string_view name);

  // Returns the device's key.
  [[nodiscard]] Result<Secret> add_device(const DeviceSpec& spec);
  // All of them in one commit, or none; their keys in the same order.
  [[nodiscard]] Result<std::vector<Secret>> add_devices(std::span<const DeviceSpec> specs);
  [[nodiscard]] Status rename_device(const DeviceName& change);
  // At most kSharesPerDevice accounts a device.
  [[nodiscard]] Status share_device(const DeviceShare& share);
  // Returns the device's new key.
  [[nodiscard]] Result<Secret> rotate_device(std::string_view sn);
  // Ends all its shares and its key; returns the new one. Unless its history goes along, it has a
  // new number, as a device that was removed and added again: the old one is among
  // removed_devices().
  [[nodiscard]] Result<Secret> move_device(const DeviceOwner& change);
  // Its number is among removed_devices() from then on.
  [[nodiscard]] Status remove_device(std::string_view sn);

  // Numbers of the devices that somebody removed, ascending: what is kept of them elsewhere may go.
  // What is neither here nor in the directory was never removed: it stays.
  [[nodiscard]] Result<std::vector<std::int64_t>> removed_devices();
  // Counts these numbers as removed. kConflict: one is that of a device that is there.
  [[nodiscard]] Status purge_devices(std::span<const std::int64_t> numbers);
  // New devices get numbers above `highest`: those up to it are known elsewhere.
  [[nodiscard]] Status reserve_device_numbers(std::int64_t highest);

  // Why the registry is not the newest that this folder has had: it was replaced, is an old copy,
  // or lost its last changes. Empty: it is, as far as anybody knows. It stays so over restarts,
  // until the newest one is put back or this one is accepted.
  [[nodiscard]] std::string setback() const;
  void accept_setback();

  // `listener` is called after each commit, on the thread that made the change; directory() is new
  // by then, and the listener may call anything here. There is no way to take a listener off.
  void on_change(std::function<void()> listener);

 private:
  // Checks against `present`, then writes the store and the draft alike.
  using Change = std::function<Status(const Directory& present, DirectoryDraft& draft)>;

  Registry(std::unique_ptr<Store> store, std::filesystem::path data_folder);

  [[nodiscard]] Status apply(const Change& change);
  [[nodiscard]] Status commit(const Change& change);
  [[nodiscard]] Status catch_up();
  [[nodiscard]] Status load();
  [[nodiscard]] Result<Secret> insert_device(const Directory& present, DirectoryDraft& draft,
                                             const DeviceSpec& spec);
  // A device that has its new owner and key; gives it its new number.
  [[nodiscard]] Status store_moved(Device& device, MovedHistory history);
  void publish(std::shared_ptr<const Directory> next);

  std::mutex writing_;  // guards the store
  const std::unique_ptr<Store> store_;
  const std::filesystem::path data_folder_;

  mutable std::mutex viewing_;  // guards what follows; held for a copy only
  std::shared_ptr<const Directory> view_ = std::make_shared<const Directory>();
  std::vector<std::function<void()>> listeners_;
  std::string setback_;
};

}  // namespace gridloom::registry
