// The parts of a shard as Shard puts them together, for the tests of one part: nothing is posted,
// and a turn ends when the test says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/shard/app_requests.h"
#include "hub/shard/device_presence.h"
#include "hub/shard/publications.h"
#include "hub/shard/retained_sender.h"
#include "hub/shard/shard_turn.h"
#include "hub/shard/twin_table.h"
#include "testing/home.h"
#include "testing/loop.h"

namespace gridloom::hub {

struct TestShardParts {
  explicit TestShardParts(const Config& config = {}) : home(1, config) {}
  ~TestShardParts() { home.platform.journal = nullptr; }
  TestShardParts(const TestShardParts&) = delete;
  TestShardParts& operator=(const TestShardParts&) = delete;

  // All parts have the registry's directory of now.
  void refresh() {
    const auto directory = home.registry->directory();
    faults.use(directory);
    twins.use(directory);
    turn.use(directory);
    fanout.use(directory);
    requests.use(directory);
    presence.use(directory);
    retained_sender.use(directory);
    publications.use(directory);
  }
  void use_rules(const std::vector<FaultRule>& rules) {
    home.platform.fault_injector.set(rules);
    faults.rules_changed();
  }
  void end_turn() {
    turn.flush();
    home.settle();
  }

  // A client that signed in, on a loop of its own; the home's hub does not know it.
  FakePtr client(std::string_view user, const Secret& password, std::string id = "c") {
    return std::make_shared<FakeClient>(
        home.client_loop, must(home.hub->access().sign_in(user, password)), std::move(id));
  }
  FakePtr app(std::string_view account, std::string id = "app") {
    const registry::Account found = home.account(account);
    return client(found.certificate_account, found.certificate_password, std::move(id));
  }
  FakePtr gateway(std::string_view account) {
    return client(std::string("gateway:").append(account), home.account(account).gateway_key);
  }
  FakePtr device(std::string_view sn) { return client(sn, home.device(sn).key); }
  // An app that gets all topics of its account.
  FakePtr subscriber(std::string_view account) {
    FakePtr made = app(account);
    turn.router().subscriptions().subscribe(
        made, {.filter = home.open(account, "#"), .qos = Qos::kAtLeastOnce});
    return made;
  }

  TestHome home;
  ManualLoop loop;  // the shard's
  std::vector<std::uint64_t> durable;
  std::vector<Reply> replies;
  std::vector<std::string> replaced;
  FaultOverlay faults{home.platform};
  ShardTurn turn{
      home.platform,
      loop,
      [](std::string_view) { return true; },
      {.durable = [this](std::uint64_t record) { durable.push_back(record); }, .caught_up = [] {}}};
  RetainedStore retained{home.platform, turn.writer()};
  TwinTable twins{home.platform, [this](const registry::Device& by) { replaced.push_back(by.sn); }};
  Fanout fanout{turn.router(), faults, turn.traffic()};
  AppRequests requests{{.platform = home.platform,
                        .twins = twins,
                        .faults = faults,
                        .traffic = turn.traffic(),
                        .changes = turn.changes(),
                        .writer = turn.writer(),
                        .gate = turn.gate(),
                        .fanout = fanout,
                        .reply = [this](Reply reply) { replies.push_back(std::move(reply)); }}};
  ShardClients clients;
  DevicePresence presence{{.platform = home.platform,
                           .turn = turn,
                           .twins = twins,
                           .faults = faults,
                           .fanout = fanout}};
  RetainedSender retained_sender{{.clock = home.clock,
                                  .retained = retained,
                                  .faults = faults,
                                  .router = turn.router(),
                                  .mine = [](std::string_view) { return true; }}};
  Publications publications{{.platform = home.platform,
                             .turn = turn,
                             .twins = twins,
                             .retained = retained,
                             .fanout = fanout,
                             .presence = presence,
                             .requests = requests}};
};

}  // namespace gridloom::hub
