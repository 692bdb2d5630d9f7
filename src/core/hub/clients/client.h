// A client's session as the hub sees it: its identity, its loop, and how to hand it messages. A
// session may outlive its connection.
//
// The MQTT server implements Client for a session; a test implements it with a list. The hub holds
// clients by shared_ptr and calls them on their own loop only.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "hub/clients/account_flow.h"
#include "registry/directory.h"
#include "wire/mqtt/session.h"

namespace gridloom::hub {

// The user name of a gateway is this prefix and its account's name.
inline constexpr std::string_view kGatewayPrefix = "gateway:";

enum class Role : std::uint8_t { kAccount, kDevice, kGateway };
inline constexpr std::array kRoles = {Role::kAccount, Role::kDevice, Role::kGateway};

// The identity of a connection, as established by sign-in.
struct Identity {
  Role role = Role::kAccount;
  registry::AccountId account{};  // an account's or gateway's own; a device's owner at sign-in
  std::string name;               // certificate account, serial number, or "gateway:<account name>"
  std::int64_t device = 0;        // registry::Device::number; 0 for an account and its gateway
  std::int64_t generation = 1;    // of the password or key: a rotation ends sessions of older ones
};

struct Delivery {
  wire::mqtt::MessagePtr message;
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
  bool retain = false;
  std::vector<std::uint32_t> subscription_ids;  // MQTT 5
  wire::mqtt::SharePtr share = {};
  std::int64_t number = 0;  // in the log (hub/clients/session_changes.h); 0: not logged
};

class Client;

struct ClientDeliveries {
  std::shared_ptr<Client> client;
  std::vector<Delivery> deliveries;
};

// Answer to a received message: which one, and the result.
struct Ack {
  wire::mqtt::AckToken token;
  wire::mqtt::Reason reason = wire::mqtt::Reason::kSuccess;
  std::string_view why = {};  // reason of a refusal; a literal
};

enum class KickReason : std::uint8_t { kTakenOver, kNotAuthorized, kShuttingDown, kDropped };

struct DeviceState;

class Client {
 public:
  Client(Loop& loop, Identity identity, std::string client_id)
      : loop_(loop), identity_(std::move(identity)), client_id_(std::move(client_id)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] const Identity& identity() const { return identity_; }
  [[nodiscard]] const std::string& client_id() const { return client_id_; }

  // The address of the client's connection; set before any other code knows the client.
  [[nodiscard]] const std::string& peer() const { return peer_; }
  void set_peer(std::string peer) { peer_ = std::move(peer); }

  // Whether the session has a connection now: a message of a shared subscription goes to a member
  // that can take it. Any thread.
  [[nodiscard]] bool present() const { return present_.load(std::memory_order_relaxed); }
  void set_present(bool present) { present_.store(present, std::memory_order_relaxed); }

  // The number of the session in the log; 0: the session ends with its connection, or with the
  // server. Any thread.
  [[nodiscard]] std::int64_t stored_number() const {
    return stored_number_.load(std::memory_order_relaxed);
  }
  void set_stored_number(std::int64_t number) {
    stored_number_.store(number, std::memory_order_relaxed);
  }
  // Whether another node keeps the session (hubs/transit.h).
  [[nodiscard]] virtual bool is_kept_elsewhere() const { return false; }

  // Whether the bytes that this client published and no shard has processed yet reach the limit.
  // While they do, its connection is not read from: QoS 0 has no acknowledgements that would slow
  // the client down. Any thread.
  [[nodiscard]] bool is_throttled() const {
    return charged_bytes_.load(std::memory_order_relaxed) >= kMaxChargedBytes;
  }
  // Whether the shards have processed everything that this client asked of them, and let it publish
  // more. Any thread.
  [[nodiscard]] bool is_settled() const {
    return charged_bytes_.load(std::memory_order_relaxed) == 0;
  }
  void charge_credit(std::size_t bytes) {
    charged_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (flow_) flow_->charge_credit(bytes);
  }
  // True: this call ended the client's throttling. A client of another node passes the credit on.
  [[nodiscard]] virtual bool consume_credit(std::size_t bytes) {
    const std::size_t before = charged_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    if (flow_) flow_->consume_credit(bytes);
    return before >= kMaxChargedBytes && before - bytes < kMaxChargedBytes;
  }

  // The state of the device that this client is, kept by TwinTable::find_own, which knows by the
  // number whether it is still there. On the loop of the device's shard.
  struct OwnDevice {
    DeviceState* state = nullptr;
    std::uint64_t as_of = 0;
  };
  OwnDevice own_device{};

  // The flow that all clients of the account share; null: the client is limited on its own. Set
  // before any other code knows the client.
  [[nodiscard]] const AccountFlowPtr& flow() const { return flow_; }
  void use_flow(AccountFlowPtr flow) { flow_ = std::move(flow); }
  // For AccountFlow, under its lock. False: the client already waits.
  [[nodiscard]] bool wait_for_account() { return !std::exchange(waits_for_account_, true); }
  void stop_waiting() { waits_for_account_ = false; }

  // On loop(): the deliveries and acknowledgements of one shard since its last call.
  virtual void deliver(std::vector<Delivery> deliveries, std::vector<Ack> acks) = 0;
  // On loop(): one acknowledgement, from a shard on the same loop. It may come while the client
  // publishes.
  virtual void acknowledge(const Ack& ack) { deliver({}, {ack}); }
  virtual void kick(KickReason reason) = 0;
  // Rights were revoked: messages that are queued for this client may no longer be permitted.
  virtual void rights_changed() = 0;
  // is_throttled() has become false, or the account's flow no longer holds the client back.
  virtual void resume_reading() = 0;

 private:
  static constexpr std::size_t kMaxChargedBytes = std::size_t{32} * 1024;

  Loop& loop_;
  Identity identity_;
  std::string client_id_;
  std::string peer_;
  std::atomic<bool> present_{true};
  std::atomic<std::int64_t> stored_number_{0};
  std::atomic<std::size_t> charged_bytes_{0};
  AccountFlowPtr flow_;
  bool waits_for_account_ = false;
};

using ClientPtr = std::shared_ptr<Client>;

}  // namespace gridloom::hub
