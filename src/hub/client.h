// A client's session, as the hub sees it: who it is, where it runs, and how to hand it messages. It
// may outlive its connection.
//
// The MQTT door implements Client for a session; a test implements it with a list. The hub holds
// clients by shared_ptr and calls them on their own loop only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "hub/account_flow.h"
#include "registry/directory.h"
#include "wire/mqtt/session.h"

namespace gridloom::hub {

// A gateway signs in as this and its account's name.
inline constexpr std::string_view kGatewayPrefix = "gateway:";

enum class Role : std::uint8_t { kAccount, kDevice, kGateway };
inline constexpr std::array kRoles = {Role::kAccount, Role::kDevice, Role::kGateway};

// Who a connection is, as sign-in found it.
struct Identity {
  Role role = Role::kAccount;
  registry::AccountId account{};  // an account's or gateway's own; a device's owner at sign-in
  std::string name;               // certificate account, serial number, or "gateway:<account name>"
  std::int64_t device = 0;        // registry::Device::number; 0 for an account and its gateway
  std::int64_t generation = 1;    // of the password or key: a rotation ends sessions of another one
};

struct Delivery {
  wire::mqtt::MessagePtr message;
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
  bool retain = false;
  std::vector<std::uint32_t> subscription_ids;  // MQTT 5
  wire::mqtt::SharePtr share = {};
  std::int64_t number = 0;  // in the log (hub/session_changes.h); 0: it is not there
};

// Which received message is taken, and with what result.
struct Ack {
  wire::mqtt::AckToken token;
  wire::mqtt::Reason reason = wire::mqtt::Reason::kSuccess;
  std::string_view why = {};  // of a refusal; a literal
};

enum class KickReason : std::uint8_t { kTakenOver, kNotAuthorized, kShuttingDown, kDropped };

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

  // The address of its connection; set before anybody else knows the client.
  [[nodiscard]] const std::string& peer() const { return peer_; }
  void set_peer(std::string peer) { peer_ = std::move(peer); }

  // Whether a connection is there now: a shared message goes to a member that can take it. Any
  // thread.
  [[nodiscard]] bool present() const { return present_.load(std::memory_order_relaxed); }
  void set_present(bool present) { present_.store(present, std::memory_order_relaxed); }

  // The number of its session in the log; 0: its session ends with its connection, or with the
  // server. Any thread.
  [[nodiscard]] std::int64_t kept_as() const { return kept_as_.load(std::memory_order_relaxed); }
  void keep_as(std::int64_t number) { kept_as_.store(number, std::memory_order_relaxed); }

  // What it published and no shard has looked at yet, in bytes. Any thread. Whoever reads from its
  // connection stops meanwhile: QoS 0 has no answers that would hold it back.
  [[nodiscard]] bool is_ahead() const {
    return ahead_bytes_.load(std::memory_order_relaxed) >= kMostAheadBytes;
  }
  void published(std::size_t bytes) {
    ahead_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (flow_) flow_->published(bytes);
  }
  // True: it is no longer ahead.
  [[nodiscard]] bool looked_at(std::size_t bytes) {
    const std::size_t before = ahead_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    if (flow_) flow_->looked_at(bytes);
    return before >= kMostAheadBytes && before - bytes < kMostAheadBytes;
  }

  // What all clients of its account share; null: each goes by itself. Set before anybody else knows
  // the client.
  [[nodiscard]] const AccountFlowPtr& flow() const { return flow_; }
  void use_flow(AccountFlowPtr flow) { flow_ = std::move(flow); }
  // For AccountFlow, under its lock. False: it waits already.
  [[nodiscard]] bool wait_for_account() { return !std::exchange(waits_for_account_, true); }
  void waits_no_longer() { waits_for_account_ = false; }

  // On loop(). What a shard has for this client since its last call.
  virtual void deliver(std::vector<Delivery> deliveries, std::vector<Ack> acks) = 0;
  virtual void kick(KickReason reason) = 0;
  // Something was taken from somebody: what still waits for this client may no longer be for it.
  virtual void rights_changed() = 0;
  // is_ahead() has become false, or its account's flow holds it back no longer.
  virtual void go_on() = 0;

 private:
  static constexpr std::size_t kMostAheadBytes = std::size_t{32} * 1024;

  Loop& loop_;
  Identity identity_;
  std::string client_id_;
  std::string peer_;
  std::atomic<bool> present_{true};
  std::atomic<std::int64_t> kept_as_{0};
  std::atomic<std::size_t> ahead_bytes_{0};
  AccountFlowPtr flow_;
  bool waits_for_account_ = false;
};

using ClientPtr = std::shared_ptr<Client>;

}  // namespace gridloom::hub
