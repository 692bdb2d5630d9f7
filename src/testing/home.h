// A platform for tests, in one thread and without sockets: a registry in a folder of its own, the
// built-in catalogue, a clock that the test moves, and a hub whose shards run when settle() is
// called. It begins with neither accounts nor devices.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/shared_text.h"
#include "hub/hub.h"
#include "registry/registry.h"
#include "testing/catalog.h"
#include "testing/clock.h"
#include "testing/loop.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom {

using wire::mqtt::Qos;
using Lines = std::vector<std::string>;

// A DELTA 2's, for tests that want a device.
inline const std::string kDelta2Sn = "R331ZEB4ZEAL0528";

// A client that records its deliveries as lines: "q1 retained TOPIC PAYLOAD #ids".
class FakeClient final : public hub::Client {
 public:
  using hub::Client::Client;

  void deliver(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> given) override {
    for (const hub::Delivery& delivery : deliveries) {
      std::string line = fmt::format("q{}{} {} {}", static_cast<int>(delivery.qos),
                                     delivery.retain ? " retained" : "", delivery.message->topic,
                                     delivery.message->payload);
      if (!delivery.subscription_ids.empty()) {
        line += fmt::format(" #{}", fmt::join(delivery.subscription_ids, ","));
      }
      got.push_back(std::move(line));
      last = delivery.message;
    }
    acks.insert(acks.end(), given.begin(), given.end());
  }
  void kick(hub::KickReason reason) override { kicked.push_back(reason); }
  void rights_changed() override { ++rights_changes; }
  void resume_reading() override { ++told_to_go_on; }

  Lines take() { return std::exchange(got, {}); }

  Lines got;
  std::vector<hub::Ack> acks;
  std::vector<hub::KickReason> kicked;
  int rights_changes = 0;
  int told_to_go_on = 0;
  wire::mqtt::MessagePtr last;
};

using FakePtr = std::shared_ptr<FakeClient>;

struct TestHome {
  explicit TestHome(std::size_t shards = 2, const hub::Config& config = {})
      : registry(must(registry::Registry::open(folder.data()))),
        platform{
            .clock = clock, .catalog = shipped_catalog(), .registry = *registry, .config = config} {
    for (std::size_t i = 0; i < shards; ++i) shard_loops.push_back(std::make_unique<ManualLoop>());
    start_hub();
    registry->on_change([this] {
      if (hub) hub->registry_changed();
    });
  }

  [[nodiscard]] std::vector<Loop*> loops() const {
    std::vector<Loop*> all;
    for (const auto& loop : shard_loops) all.push_back(loop.get());
    return all;
  }
  // A new hub on the same platform, as after a restart; the old one must be gone.
  void start_hub() { hub = std::make_unique<hub::Hub>(platform, loops()); }

  // --- the registry ---
  registry::AccountId add_account(std::string_view name) {
    const auto added = must(registry->add_account({.name = name}));
    settle();
    return added.account.id;
  }
  void add_device(std::string_view sn, std::string_view owner) {
    must(registry->add_device({.sn = sn, .name = sn, .owner = owner}));
    settle();
  }
  void share(std::string_view sn, std::string_view account, registry::Rights rights) {
    must(registry->share_device({.sn = sn, .account = account, .rights = rights}));
    settle();
  }
  [[nodiscard]] registry::Account account(std::string_view name) const {
    return *registry->directory()->find_account_by_name(name);
  }
  [[nodiscard]] registry::Device device(std::string_view sn) const {
    return *registry->directory()->find_device(sn);
  }
  [[nodiscard]] std::string open(std::string_view name, std::string_view rest) const {
    return fmt::format("/open/{}/{}", account(name).certificate_account, rest);
  }

  // --- connections ---
  FakePtr connect(std::string_view user, const Secret& password, std::string_view client_id) {
    auto client = std::make_shared<FakeClient>(
        client_loop, must(hub->access().sign_in(user, password)), std::string(client_id));
    hub->connected(client);
    settle();
    return client;
  }
  FakePtr connect_app(std::string_view name, std::string_view client_id = "app") {
    const registry::Account of = account(name);
    return connect(of.certificate_account, of.certificate_password, client_id);
  }
  FakePtr connect_device(std::string_view sn, std::string_view client_id = "device") {
    auto client = connect(sn, device(sn).key, client_id);
    subscribe(client, {.filter = fmt::format("/device/{}/set", sn), .qos = Qos::kAtLeastOnce});
    return client;
  }
  FakePtr connect_gateway(std::string_view name, std::string_view client_id = "gateway") {
    auto client = connect(fmt::format("gateway:{}", name), account(name).gateway_key, client_id);
    subscribe(client, {.filter = "/device/+/set", .qos = Qos::kAtLeastOnce});
    return client;
  }
  void leave(const FakePtr& client) {
    hub->disconnected(client);
    hub->ended(client);
    settle();
  }
  bool subscribe(const FakePtr& client, const hub::Subscription& subscription) {
    const bool granted = hub->subscribe(client, subscription);
    settle();
    return granted;
  }
  // An app that subscribes to all topics of its account, without retained messages.
  FakePtr subscriber(std::string_view name, std::string_view client_id = "app") {
    FakePtr client = connect_app(name, client_id);
    subscribe(client,
              {.filter = open(name, "#"), .qos = Qos::kAtLeastOnce, .send_retained = false});
    return client;
  }
  bool publish(const FakePtr& client, std::string topic, std::string payload,
               Qos qos = Qos::kAtLeastOnce, std::uint16_t packet_id = 1, bool retain = false) {
    return publish(client, {.topic = std::move(topic), .payload = std::move(payload)},
                   {.qos = qos, .retain = retain, .token = {.packet_id = packet_id, .qos = qos}});
  }
  bool publish(const FakePtr& client, wire::mqtt::Message message,
               const hub::PublishOptions& options = {
                   .qos = Qos::kAtLeastOnce, .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}}) {
    hub::Hub::Batch batch(*hub);
    const bool taken =
        batch.add(client, std::make_shared<const wire::mqtt::Message>(std::move(message)), options);
    batch.post(client);
    settle();
    return taken;
  }
  bool report(const FakePtr& device, std::string_view sn, std::string payload) {
    return publish(device, fmt::format("/device/{}/quota", sn), std::move(payload));
  }

  // --- apps over HTTP ---
  struct Answer {
    std::shared_ptr<std::optional<Result<SharedText>>> slot =
        std::make_shared<std::optional<Result<SharedText>>>();
    [[nodiscard]] bool here() const { return slot->has_value(); }
    // "1008 detail", "6012 detail", or the answer.
    [[nodiscard]] std::string text() const {
      if (!here()) return "no answer";
      const Result<SharedText>& result = **slot;
      if (result) return std::string(*result);
      return fmt::format("{} {}", code_of(result.error().code).code, result.error().detail);
    }
  };
  hub::ReplyTo<hub::DeviceAnswer> reply_into(Answer& answer) {
    return {.loop = &client_loop, .done = [slot = answer.slot](Result<hub::DeviceAnswer> result) {
              if (result) {
                *slot = std::move(result->text);
              } else {
                *slot = std::unexpected(std::move(result.error()));
              }
            }};
  }
  std::string read_all(registry::AccountId by, std::string_view sn) {
    Answer answer;
    hub->read_all(by, {.sn = std::string(sn)}, reply_into(answer));
    settle();
    return answer.text();
  }
  std::string read(registry::AccountId by, std::string_view sn, std::vector<std::string> names) {
    Answer answer;
    hub->read(by, std::string(sn), std::move(names), reply_into(answer));
    settle();
    return answer.text();
  }
  Answer set(registry::AccountId by, std::string_view sn, std::string_view message) {
    Answer answer;
    hub->set(by, std::string(sn), must(wire::parse_json(message)).as_object(), reply_into(answer));
    settle();
    return answer;
  }

  // --- time ---
  void settle() {
    bool again = true;
    while (again) {
      again = client_loop.run();
      for (const auto& loop : shard_loops) again = loop->run() || again;
    }
  }
  void pass(Millis time) {
    clock.pass(time);
    hub->tick();
    settle();
  }

  TemporaryFolder folder;
  TestClock clock;
  std::unique_ptr<registry::Registry> registry;
  hub::Platform platform;
  ManualLoop client_loop;
  std::vector<std::unique_ptr<ManualLoop>> shard_loops;
  std::unique_ptr<hub::Hub> hub;
};

// The payload in a line "q1 /open/ACCOUNT/SN/set_reply {...}".
inline std::string payload_of(std::string_view line) {
  const std::size_t brace = line.find('{');
  return brace == std::string_view::npos ? std::string() : std::string(line.substr(brace));
}

// The member of a JSON object as text; empty if there is none.
inline std::string member_of(std::string_view json, std::string_view key) {
  const auto parsed = wire::parse_json(json);
  const wire::Json* value = parsed ? wire::member(*parsed, key) : nullptr;
  return value == nullptr ? std::string() : wire::to_text(*value);
}

}  // namespace gridloom
