#include "rights/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "history/instant_journal.h"
#include "journal/turn.h"
#include "mqtt/connection.h"
#include "mqtt/session_store.h"
#include "own_api/own_routes.h"

namespace gridloom::rights {
namespace {

using hub::Role;
using mqtt::Peer;
using std::chrono::seconds;
using wire::mqtt::Connect;
using wire::mqtt::LastWill;
using wire::mqtt::PropertyId;
using wire::mqtt::Publish;
using wire::mqtt::Qos;
using wire::mqtt::Version;

// Stores session changes in the session store as soon as they are in the log.
class WholeJournal final : public journal::Journal {
 public:
  WholeJournal(history::Archive& archive, const std::unique_ptr<mqtt::SessionStore>& store)
      : log_(archive), store_(store) {}
  std::uint64_t append_record(journal::RecordKind kind, std::string payload, Task durable,
                              std::size_t waiters) override {
    const std::string copy = payload;
    const std::uint64_t sequence =
        log_.append(kind, std::move(payload), std::move(durable), waiters);
    const auto turn = kind == journal::RecordKind::kTurn ? journal::read_turn(copy) : std::nullopt;
    if (turn && store_) store_->take(sequence, turn->session_changes);
    return sequence;
  }
  [[nodiscard]] bool behind() const override { return log_.behind(); }
  [[nodiscard]] std::string failing() const override { return log_.failing(); }

 private:
  history::InstantJournal log_;
  const std::unique_ptr<mqtt::SessionStore>& store_;
};

// `client_id` must outlive the returned Connect.
Connect parked(std::string_view client_id) {
  Connect connect{.clean_start = false, .client_id = client_id};
  connect.properties.add(PropertyId::kSessionExpiryS, 600'000U);
  return connect;
}

}  // namespace

bool mentions(const Lines& lines, std::string_view text) {
  return std::ranges::any_of(lines, [&](const std::string& line) { return line.contains(text); });
}

World::World(When when) {
  archive_ = history::open_archive(server_.home.folder.data(), archive_clock_, {});
  journal_ = std::make_unique<WholeJournal>(*archive_, server_.store);
  server_.home.platform.journal = journal_.get();
  add_home();
  add_actors();
  park_sessions();
  if (when == When::kRunning) {
    take_away();
    server_.home.settle();
    server_.pass(seconds(1));
  } else {
    server_.stop();
    take_away();
    server_.start_again();
  }
  connect_watchers();
  see_wills();
}

// Connections first. The hub outlives the journal here, and must not use the journal any more.
World::~World() {
  others_.clear();
  owner_watcher_.reset();
  device_watcher_.reset();
  device_.reset();
  server_.home.platform.journal = nullptr;
}

void World::add_home() {
  TestHome& home = server_.home;
  for (const char* name : {"owner", "full", "monitor", "stranger", "ended", "removed"}) {
    home.add_account(name);
  }
  for (const std::string_view sn : {kSn, kRotated, kMoved}) {
    home.add_device(sn, "owner");
  }
  for (const char* name : {"full", "ended", "removed"}) {
    home.share(kSn, name, registry::Rights::kFull);
  }
  home.share(kSn, "monitor", registry::Rights::kMonitor);
  home.add_device("HEATER-02", "stranger");
}

void World::add_actors() {
  TestHome& home = server_.home;
  const auto app = [&](std::string name, std::string_view account) {
    const registry::Account of = home.account(account);
    actors_.push_back({.name = std::move(name),
                       .user = of.certificate_account,
                       .password = std::string(of.certificate_password.reveal()),
                       .self = of.certificate_account});
  };
  const auto gateway = [&](std::string name, std::string_view account) {
    actors_.push_back({.name = std::move(name),
                       .role = Role::kGateway,
                       .user = fmt::format("gateway:{}", account),
                       .password = std::string(home.account(account).gateway_key.reveal())});
  };
  const auto device = [&](std::string name, std::string_view sn) {
    actors_.push_back({.name = std::move(name),
                       .role = Role::kDevice,
                       .user = std::string(sn),
                       .password = std::string(home.device(sn).key.reveal()),
                       .sn = sn == "HEATER-02" ? kSn : sn});
  };
  home.add_account("rotated");
  home.share(kSn, "rotated", registry::Rights::kFull);
  for (const char* name : {"owner", "full", "monitor", "stranger", "ended", "rotated", "removed"}) {
    app(name, name);
  }
  device("device", kSn);
  device("other device", "HEATER-02");
  device("rotated device", kRotated);
  device("moved device", kMoved);
  gateway("gateway", "owner");
  gateway("guest's gateway", "full");
  gateway("rotated gateway", "rotated");
  actors_.push_back({.name = "nobody"});
  signers_.add_all();
}

void Signers::add_all() {
  add_keys();
  add_tokens();
  add_sessions();
}

void Signers::add_keys() {
  const auto key_of = [&](std::string_view account) {
    return *home_.registry->directory()->keys_of(home_.account(account).id).front();
  };
  for (const char* name : {"owner", "full", "monitor", "stranger", "ended", "rotated", "removed"}) {
    all_.push_back({.name = name, .account = name, .key = key_of(name)});
  }
  const auto other = must(home_.registry->add_keys("owner"));
  all_.push_back({.name = "removed key", .key = other});
  all_.push_back({.name = "wrong sign", .key = key_of("owner"), .wrong = true});
  all_.push_back({.name = "nobody"});
}

void Signers::add_tokens() {
  registry::Registry& registry = *home_.registry;
  using registry::Scope;
  const auto add = [&](std::string name, std::string_view account, Scope scope, Millis valid_for) {
    const auto made = must(registry.add_token({.name = name,
                                               .account = account,
                                               .scope = scope,
                                               .now = home_.clock.now(),
                                               .valid_for = valid_for,
                                               .device = scope == Scope::kCard ? kSn : ""}));
    all_.push_back({.name = std::move(name), .account = std::string(account), .token = made.text});
    return made.token.number;
  };
  const Millis long_time = std::chrono::hours(1000);
  add("owner's token", "owner", Scope::kControl, long_time);
  add("owner's read token", "owner", Scope::kRead, Millis(0));
  add("owner's card token", "owner", Scope::kCard, long_time);
  add("full's token", "full", Scope::kControl, long_time);
  add("monitor's token", "monitor", Scope::kControl, long_time);
  add("stranger's token", "stranger", Scope::kControl, long_time);
  add("ended's token", "ended", Scope::kControl, long_time);
  add("removed's token", "removed", Scope::kControl, long_time);
  add("expired token", "owner", Scope::kControl, Millis(1));
  removed_token_ = add("removed token", "owner", Scope::kControl, long_time);
  add("admin's token", "", Scope::kAdmin, long_time);
}

void Signers::add_sessions() {
  registry::Registry& registry = *home_.registry;
  const auto add = [&](std::string name, std::string_view account, TimePoint now) {
    const auto made =
        must(registry.add_session({.account = home_.account(account).id, .now = now}));
    all_.push_back({.name = std::move(name), .account = std::string(account), .cookie = made.text});
    return made.session.number;
  };
  const TimePoint now = home_.clock.now();
  add("owner's page", "owner", now);
  const Signer own = all_.back();
  const auto add_other = [&](std::string name, Page page) {
    all_.push_back(own);
    all_.back().name = std::move(name);
    all_.back().page = std::move(page);
  };
  add_other("forged page", {.origin = "http://evil.example"});
  add_other("null page", {.origin = "null"});
  add_other("silent page", {.origin = ""});
  add_other("cross-site page", {.origin = "", .fetch_site = "cross-site"});
  add_other("same-site page", {.origin = "", .fetch_site = "same-site"});
  add_other("same-origin page", {.origin = "", .fetch_site = "same-origin"});
  add_other("other port's page", {.origin = "http://localhost:3000"});
  add_other("proxied page", {.origin = "https://localhost"});
  add_other("rebound page", {.origin = "http://evil.example", .host = "evil.example"});
  add_other("page with monitor's token", {});
  all_.back().token = std::ranges::find(all_, "monitor's token", &Signer::name)->token;
  add("full's page", "full", now);
  add("monitor's page", "monitor", now);
  add("stranger's page", "stranger", now);
  add("removed's page", "removed", now);
  add("old page", "owner", now - registry::kSessionLife);
  ended_session_ = add("ended page", "owner", now);
}

void Signers::take_away() {
  registry::Registry& registry = *home_.registry;
  must(registry.remove_token(removed_token_));
  must(registry.end_session(home_.account("owner").id, ended_session_));
  for (const Signer& signer : all_) {
    if (signer.name == "removed key") must(registry.remove_key(signer.key->access_key));
  }
}

// Parks one session per actor, with a delayed will and a queued message.
void World::park_sessions() {
  for (const Actor& actor : actors_) {
    if (actor.user.empty()) continue;
    const bool app = actor.role == Role::kAccount;
    const std::string topic = app ? fmt::format("/open/{}/{}/set", actor.self, actor.sn)
                                  : fmt::format("/device/{}/quota", actor.sn);
    const std::string payload =
        fmt::format(R"({{"id":1,"params":{{"will":"will of {}"}}}})", actor.name);
    LastWill will{.topic = topic, .payload = payload, .qos = Qos::kAtLeastOnce};
    will.properties.add(PropertyId::kWillDelayS, 100'000U);
    const std::string client_id = "parked " + actor.name;
    Connect connect = parked(client_id);
    connect.will = will;
    const PeerPtr made = peer();
    made->join(actor.user, Secret(actor.password), connect);
    made->subscribe(
        {app ? fmt::format("/open/{}/#", actor.self) : fmt::format("/device/{}/#", actor.sn)});
    made->drop();
  }
  // A set is queued for the device's own sessions too, a report for every session that may read it.
  for (const std::string_view sn : {kSn, kRotated, kMoved}) {
    const PeerPtr device = peer();
    device->join_device(sn, {.client_id = "reports"});
    device->publish(fmt::format("/device/{}/quota", sn), R"({"params":{"queued":"queued"}})", 0);
    device->send(Publish{.qos = Qos::kAtLeastOnce,
                         .topic = fmt::format("/device/{}/quota", sn),
                         .packet_id = 3,
                         .payload = R"({"params":{"queued":"queued"}})"});
    server_.home.settle();
    static_cast<void>(server_.home.set(server_.home.account("owner").id, sn,
                                       R"({"params":{"queued":"queued"}})"));
    device->send(wire::mqtt::Disconnect{});
    server_.home.settle();
  }
}

void World::take_away() {
  registry::Registry& registry = *server_.home.registry;
  must(registry.share_device({.sn = kSn, .account = "ended", .rights = registry::Rights::kNone}));
  static_cast<void>(must(registry.rotate_certificate("rotated")));
  static_cast<void>(must(registry.rotate_gateway("rotated")));
  must(registry.remove_account("removed"));
  static_cast<void>(must(registry.rotate_device(kRotated)));
  static_cast<void>(must(registry.move_device({.sn = kMoved, .owner = "stranger"})));
  signers_.take_away();
}

World::PeerPtr World::peer() {
  return std::make_unique<Peer>(server_.home, *server_.server, Version::k5);
}

World::PeerPtr World::signed_in(const Actor& actor, const std::string& client_id,
                                std::string_view password) {
  PeerPtr made = peer();
  if (actor.user.empty()) {
    made->send(Connect{.version = Version::k5, .client_id = client_id});
    server_.home.settle();
  } else {
    made->join(actor.user, Secret(std::string(password)), Connect{.client_id = client_id});
  }
  return mentions(made->said(), "CONNACK success") ? std::move(made) : nullptr;
}

void World::connect_watchers() {
  server_.home.clock.pass(seconds(1));
  sign_in_ = std::make_unique<sign_in::SignIn>(
      sign_in::SignIn::Options{.registry = server_.home.registry.get(),
                               .wall = &server_.home.clock,
                               .steady = &server_.home.clock});
  const history::Reads reads = [this](auto task) {
    history::read_now(*archive_, std::move(task));
    return true;
  };
  parts_ = std::make_unique<api::OwnParts>(server_.home, *archive_, server_.home.clock, reads,
                                           *sign_in_);
  api_ = std::make_unique<api::Api>(
      api::Api::Options{.hub = server_.home.hub.get(),
                        .loop = &server_.home.client_loop,
                        .reads = reads,
                        .mqtt = {.public_host = {}, .port = 8883, .secure = true},
                        .metrics = [] { return std::string("gridloom_things 1\n"); },
                        .sign_in = sign_in_.get()});
  api_->add(
      std::make_unique<api::OwnRoutes>(parts_->services, api_->gate(), server_.home.client_loop));
  device_ = peer();
  device_->join_device(kSn, {.client_id = "the device"});
  device_watcher_ = peer();
  device_watcher_->join_device(kSn, {.client_id = "beside the device"});
  owner_watcher_ = peer();
  owner_watcher_->join_app("owner", {.client_id = "watcher"});
  for (const std::string_view sn : {kRotated, kMoved}) {
    PeerPtr other = peer();
    other->join_device(sn, {.client_id = "watcher"});
    other->subscribe({fmt::format("/device/{}/set", sn)});
    others_.push_back(std::move(other));
  }
  PeerPtr stranger = peer();
  stranger->join_app("stranger", {.client_id = "watcher"});
  stranger->subscribe({server_.home.open("stranger", fmt::format("{}/#", kMoved))});
  others_.push_back(std::move(stranger));
  device_watcher_->subscribe({fmt::format("/device/{}/#", kSn)});
  owner_watcher_->subscribe({server_.home.open("owner", "#")});
  report(R"({"params":{"temperature":54.5,"kept":"kept"}})", true);
  static_cast<void>(seen(device_watcher_));
  static_cast<void>(seen(owner_watcher_));
}

void World::see_wills() {
  server_.pass(seconds(200'000));
  Lines lines = seen(device_watcher_);
  std::ranges::move(seen(owner_watcher_), std::back_inserter(lines));
  for (const PeerPtr& other : others_) std::ranges::move(seen(other), std::back_inserter(lines));
  // Other apps of an account receive messages that one app sends, so these lines prove nothing.
  std::erase_if(lines, [](const std::string& line) {
    return line.contains("/set ") && !line.contains(" /device/");
  });
  for (const Actor& actor : actors_) {
    if (mentions(lines, fmt::format("will of {}\"", actor.name))) wills_.push_back(actor.name);
  }
  report(R"({"params":{"temperature":54.5,"kept":"kept"}})", true);
  static_cast<void>(seen(device_watcher_));
  static_cast<void>(seen(owner_watcher_));
}

void World::report(std::string_view payload, bool retain) {
  const std::string topic = fmt::format("/device/{}/quota", kSn);
  device_->send(Publish{.qos = Qos::kAtLeastOnce,
                        .retain = retain,
                        .topic = topic,
                        .packet_id = 2,
                        .payload = payload});
  server_.home.settle();
  static_cast<void>(device_->said());
}

// Acknowledges each message, because the watcher's receive window would be exhausted otherwise.
Lines World::seen(const PeerPtr& watcher) {
  Lines all;
  for (Lines lines = watcher->said(); !lines.empty(); lines = watcher->said()) {
    for (const std::string& line : lines) {
      const std::size_t id = line.find(" id");
      if (line.starts_with("PUBLISH ") && id != std::string::npos) {
        const auto number = static_cast<std::uint16_t>(std::stoi(line.substr(id + 3)));
        watcher->send(wire::mqtt::Puback{.packet_id = number});
      }
    }
    server_.home.settle();
    std::ranges::move(lines, std::back_inserter(all));
  }
  return all;
}

std::optional<std::string> World::filled(std::string_view text, const Actor& actor) const {
  if (text.contains("{self}") && actor.self.empty()) return std::nullopt;
  std::string made(text);
  const auto fill = [&made](std::string_view name, std::string_view value) {
    for (std::size_t at = made.find(name); at != std::string::npos; at = made.find(name)) {
      made.replace(at, name.size(), value);
    }
  };
  fill("{sn}", kSn);
  fill("{self}", actor.self);
  fill("{owner}", server_.home.account("owner").certificate_account);
  return made;
}

std::string World::publish(const Actor& actor, const std::string& topic) {
  const PeerPtr client = signed_in(actor, "publisher", actor.password);
  if (!client) return "shut";
  if (!actor.self.empty()) {
    client->subscribe({fmt::format("/open/{}/{}/get_reply", actor.self, kSn)});
    static_cast<void>(client->said());
  }
  const std::string marker = fmt::format("marker {}", ++markers_);
  const bool is_status = topic.ends_with("/status");
  const std::string payload =
      topic.ends_with("/get")
          ? R"({"id":"9","version":"1.0","params":{"quotas":["temperature"]}})"
          : fmt::format(R"({{"id":{},"params":{{"status":0,"x":"{}"}}}})", markers_, marker);
  client->publish(topic, payload, 5);
  server_.home.settle();
  const Lines said = client->said();
  const Lines at_device = seen(device_watcher_);
  const Lines at_owner = seen(owner_watcher_);
  bool done = false;
  if (topic.starts_with("/open/")) {
    done = mentions(at_device, marker) || mentions(said, "54.5");
  } else {
    done = mentions(at_owner, marker) || (is_status && mentions(at_owner, R"("status":0)"));
  }
  server_.home.pass(Millis(9000));
  report(R"({"params":{"temperature":54.5,"kept":"kept"}})", true);
  static_cast<void>(seen(device_watcher_));
  static_cast<void>(seen(owner_watcher_));
  if (!mentions(said, "PUBACK 5 success")) return done ? "refused, but done" : "refused";
  return done ? "done" : "-";
}

std::string World::subscribe(const Actor& actor, const std::string& filter) {
  const PeerPtr client = signed_in(actor, "subscriber", actor.password);
  if (!client) return "shut";
  client->subscribe({filter});
  Lines said = seen(client);
  if (!mentions(said, "SUBACK 9 granted")) return "refused";
  const std::string status = fmt::format("{}/status", kSn);
  const bool kept = mentions(said, R"("kept")") || mentions(said, status);
  const std::string marker = fmt::format("marker {}", ++markers_);
  for (const std::string_view verb : {"quota", "set_reply", "get_reply", "status"}) {
    device_->publish(fmt::format("/device/{}/{}", kSn, verb),
                     fmt::format(R"({{"id":0,"params":{{"status":0,"x":"{}"}}}})", marker), 2);
    server_.home.settle();
  }
  report(R"({"params":{"temperature":54.5,"kept":"kept"}})", true);
  static_cast<void>(device_->said());
  // The messages that the device receives, and those that other apps of the owner see.
  for (const std::string_view verb : {"set", "get"}) {
    owner_watcher_->publish(server_.home.open("owner", fmt::format("{}/{}", kSn, verb)),
                            fmt::format(R"({{"id":{},"params":{{"x":"{}"}}}})", markers_, marker),
                            6);
    server_.home.settle();
  }
  said = seen(client);
  const bool live = mentions(said, marker) || mentions(said, status);
  server_.home.pass(Millis(9000));
  static_cast<void>(seen(device_watcher_));
  static_cast<void>(seen(owner_watcher_));
  if (live) return kept ? "live, kept" : "live";
  return kept ? "kept" : "-";
}

// The actor reconnects with the credentials that are valid today.
std::string World::queued(const Actor& actor) {
  if (actor.user.empty()) return "shut";
  const auto today = hub::find_credential(*server_.home.registry->directory(), actor.user);
  if (!today) return "shut";
  const PeerPtr client = peer();
  const std::string client_id = "parked " + actor.name;
  client->join(actor.user, *today->password, parked(client_id));
  const Lines said = seen(client);
  if (!mentions(said, "CONNACK success")) return "shut";
  const bool queued = mentions(said, "queued");
  if (!mentions(said, "CONNACK success present")) return queued ? "new, queued" : "new";
  return queued ? "queued" : "-";
}

std::string World::will(const Actor& actor) const {
  return std::ranges::find(wills_, actor.name) != wills_.end() ? "done" : "-";
}

}  // namespace gridloom::rights
