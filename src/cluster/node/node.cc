#include "node/node.h"

#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/loop.h"
#include "base/partition.h"
#include "database/history/schema.h"
#include "nats/server_version.h"
#include "node/slot_stores.h"
#include "ownership/postgres/postgres_claims.h"

namespace gridloom::node {
namespace {

// The log of a slot opens and closes a few times a minute at most.
constexpr std::size_t kTasksOfSlot = 64;
constexpr std::size_t kPlacings = 2;  // that wait: the last one sees what the others would

std::string application_of(const std::string& name) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("gridloom node {} on {}", name, host.data());
}

// A schema of a slot has the names of the cluster's tables only where they stand.
Result<postgres::ConnectionSettings> database_of(const Node::Options& options) {
  const std::string application = application_of(options.name);
  return postgres::ConnectionSettings::parse({.url = options.database.url,
                                              .password_file = options.database.password_file,
                                              .application_name = application});
}

std::uint64_t run_of_door(const server::Server::Clocks& clocks) {
  return static_cast<std::uint64_t>(unix_ms(clocks.wall.now()));
}

// Where the endpoints of all nodes are, that can be reached.
Carrier::Places places_of(const cluster::NodeId& self,
                          const std::vector<cluster::SlotOwner>& owners,
                          const std::vector<cluster::NodeId>& present) {
  Carrier::Places places;
  const auto add_door = [&](const cluster::NodeId& node) {
    places[door_name(node.name)] = {.node = node,
                                    .run = static_cast<std::uint64_t>(node.incarnation)};
  };
  add_door(self);
  for (const cluster::NodeId& node : present) add_door(node);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    const cluster::SlotOwner& owner = owners[i];
    if (!owner.node || !owner.is_served) continue;
    places[slot_name(static_cast<cluster::Slot>(i))] = {
        .node = *owner.node, .run = static_cast<std::uint64_t>(owner.revision)};
  }
  return places;
}

}  // namespace

// The slots of devices by their numbers, as history names devices.
std::function<std::optional<cluster::Slot>(DeviceNumber)> slots_of_devices(
    const registry::Registry& registry, std::size_t slots) {
  struct Known {
    std::mutex mutex;
    std::shared_ptr<const registry::Directory> as_of;
    std::unordered_map<DeviceNumber, cluster::Slot> slots;
  };
  return [&registry, slots,
          known = std::make_shared<Known>()](DeviceNumber device) -> std::optional<cluster::Slot> {
    const std::scoped_lock lock(known->mutex);
    if (auto now = registry.directory(); now != known->as_of) {
      known->slots.clear();
      for (const registry::Device* each : now->devices()) {
        known->slots.emplace(each->number, cluster::slot_of(partition_of(each->sn), slots));
      }
      known->as_of = std::move(now);
    }
    const auto found = known->slots.find(device);
    return found == known->slots.end() ? std::nullopt : std::optional(found->second);
  };
}

// One slot of the cluster, while this node opens it, has it, or closes it. Its worker does all of
// that in order.
struct Node::Slot {
  std::mutex mutex;  // guards the next three members
  cluster::Revision revision = 0;
  std::stop_source stop;
  std::unique_ptr<SlotServer> server;
  std::unique_ptr<Worker> worker =
      std::make_unique<Worker>(std::vector<std::size_t>{kTasksOfSlot, 1});
};

Node::Node(Options options, postgres::ConnectionSettings database)
    : options_(std::move(options)),
      database_(std::move(database)),
      self_{.name = options_.name, .incarnation = cluster::random_incarnation()},
      fence_(database_.schema()),
      watch_(options_.slots, options_.clocks.steady.now()) {}

Result<std::unique_ptr<Node>> Node::open(Options options) {
  GL_TRY(cluster::check_node_name(options.name));
  GL_TRY(auto database, database_of(options));
  std::unique_ptr<Node> node(new Node(std::move(options), std::move(database)));
  GL_TRY(node->connect());
  return node;
}

Status Node::connect() {
  for (auto* const connection : {&links_.nats, &links_.log_nats}) {
    GL_TRY(auto opened,
           nats::Connection::open(options_.nats, {.name = fmt::format("gridloom {}", options_.name),
                                                  .clock = &options_.clocks.steady}));
    *connection = std::move(opened);
  }
  GL_TRY(auto holder, postgres::Holder::take(database_, postgres::Holder::kPatience,
                                             postgres::Holder::Kind::kShared));
  links_.holder = std::move(holder);
  GL_TRY(auto claims, cluster::open_postgres_claims(database_, {.clock = options_.clocks.steady}));
  links_.claims = std::move(claims);
  GL_TRY(const auto facts, links_.claims->join(options_.slots));
  cluster_id_ = facts.id;
  GL_TRY(history::make_slot_schemas(database_, {}, facts.slots));
  for (std::size_t i = 0; i < facts.slots; ++i) slots_.push_back(std::make_unique<Slot>());
  placer_ = std::make_unique<Worker>(std::vector<std::size_t>{kPlacings, 1});
  links_.bus = std::make_unique<cluster::NatsBus>(*links_.nats);
  links_.sealed_bus = std::make_unique<SealedBus>(*links_.bus);
  GL_TRY(auto carrier, Carrier::start(*links_.sealed_bus, self_));
  links_.carrier = std::move(carrier);
  for (const std::string& each :
       warnings_of({.nats_urls = options_.nats.urls(), .replicas = options_.replicas},
                   ask_nats_servers(options_.nats.urls()))) {
    spdlog::warn("{}", each);
  }
  return {};
}

Node::~Node() { end(); }

void Node::end() {
  std::unique_ptr<cluster::Member> member;
  {
    const std::scoped_lock looking(looking_);
    member = std::move(member_);
    has_ended_ = true;
  }
  member.reset();  // its thread calls this object
  // A call that places partitions now ends first; from now on place() does nothing.
  {
    const std::scoped_lock placing(placing_);
  }
  for (const auto& slot : slots_) {
    const std::scoped_lock lock(slot->mutex);
    slot->stop.request_stop();
    if (slot->server) slot->server->abandon();
  }
  for (const auto& slot : slots_) slot->worker.reset();
  door_.shared_view.reset();
  placer_.reset();
  door_.history.reset();
  slots_.clear();
  // The relay's loop is the door's, which ends next: what comes from now on is left out.
  if (door_.relay_peers) door_.relay_peers->use(nullptr);
}

std::unique_ptr<server::Stores> Node::stores_of_door() const {
  return door_stores({.database = database_,
                      .data = options_.data,
                      .clock = options_.clocks.wall,
                      .choice = options_.database});
}

void Node::join(server::Server& door) {
  door_.server = &door;
  const std::string name = door_name(options_.name);
  const auto run = static_cast<std::uint64_t>(self_.incarnation);
  door_.hub_peers = links_.carrier->add(EndpointPart::kHub, name, run, nullptr);
  Loop& relay_loop = *door.loops().front();
  door_.relay_peers = links_.carrier->add(EndpointPart::kRelay, name, run, &relay_loop);
  door_.cluster = &hub::Cluster::join(
      door.hub(),
      {.peers = door_.hub_peers.get(), .self = name, .run = run_of_door(options_.clocks)});
  place_partitions(*door_.cluster, std::vector<cluster::SlotOwner>(slots_.size()));
  door_.history = std::make_unique<SlotHistory>(
      SlotHistory::Options{.slots = slots_.size(),
                           .nats = *links_.nats,
                           .clock = options_.clocks.devices,
                           .slot_of = slots_of_devices(door.registry(), slots_.size()),
                           .revision_of = [this](cluster::Slot slot) { return revision_of(slot); },
                           .database = database_,
                           .damage = door.archive().damage(),
                           .limits = options_.limits.history.reads});
  door_.relay = std::make_unique<RelayDoor>(RelayDoor::Options{
      .peers = *door_.relay_peers,
      .loop = relay_loop,
      .clock = options_.clocks.steady,
      .run = run_of_door(options_.clocks),
      .relay_of =
          [slots = slots_.size()](std::string_view user) {
            return slot_name(cluster::slot_of(partition_of(user), slots));
          },
      .mqtt = options_.limits.mqtt,
      .record = [hub = &door.hub()](const hub::ClientEvent& event) { hub->record_event(event); }});
  door.loops().front()->on_sweep([relay = door_.relay.get()] { relay->tick(); });
}

net::MakeProtocol Node::mqtt_protocol() const { return door_.relay->make(); }

Status Node::start(const std::string& address) {
  GL_TRY(auto sealer, registry::Sealer::with_key_file(options_.data / "secret.key",
                                                      registry::MissingKey::kRefuse));
  links_.sealed_bus->use(std::move(sealer));
  history::DamageNotes& of_door = door_.server->archive().damage();
  auto each_server = [this, &of_door](const SharedView::OnNotes& on_notes) {
    on_notes(options_.name, of_door);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const std::scoped_lock lock(slots_[i]->mutex);
      if (!slots_[i]->server) continue;
      on_notes(slot_place(static_cast<cluster::Slot>(i)),
               slots_[i]->server->server().archive().damage());
    }
  };
  auto serves = [this] {
    const std::scoped_lock looking(looking_);
    return member_ && member_->health().phase == cluster::Phase::kServing;
  };
  auto view =
      std::make_unique<SharedView>(SharedView::Options{.database = database_,
                                                       .steady = options_.clocks.steady,
                                                       .self = self_,
                                                       .shown = of_door,
                                                       .data = options_.data,
                                                       .slots = slots_.size(),
                                                       .each_server = std::move(each_server),
                                                       .serves = std::move(serves)});
  {
    const std::scoped_lock looking(looking_);
    door_.shared_view = std::move(view);
  }
  GL_TRY(auto member, cluster::Member::start({.bus = *links_.bus,
                                              .claims = *links_.claims,
                                              .host = *this,
                                              .steady = options_.clocks.steady},
                                             {.node = self_,
                                              .version = options_.version,
                                              .address = address,
                                              .slots = slots_.size()}));
  {
    const std::scoped_lock looking(looking_);
    member_ = std::move(member);
    address_ = address;
  }
  owners_changed();  // what it had to tell before
  return {};
}

Status Node::remove(const std::string& node) {
  if (!unheard_for(health(), node)) {
    return fail(ErrorCode::kConflict,
                fmt::format("the node {} is there: stop it, which takes it out", node));
  }
  if (!door_.shared_view) return fail(ErrorCode::kConflict, "this node has not started yet");
  return door_.shared_view->remove(node);
}

bool Node::drain(Millis at_most, Then then) {
  cluster::Member* member = nullptr;
  SharedView* view = nullptr;
  {
    const std::scoped_lock looking(looking_);
    member = member_.get();
    view = door_.shared_view.get();
  }
  const bool has_given_up = member == nullptr || member->stop(at_most);
  if (view != nullptr && then == Then::kLeaves) view->leave();
  return has_given_up;
}

Shared Node::shared() {
  return {.data = options_.data,
          .database = database_,
          .nats = *links_.log_nats,
          .carrier = *links_.carrier,
          .fence = fence_,
          .clocks = options_.clocks,
          .catalog = options_.catalog,
          .limits = options_.limits,
          .zone = options_.zone,
          .zone_name = options_.zone_name,
          .strictness = options_.strictness,
          .node = options_.name,
          .replicas = options_.replicas,
          .log_bytes = options_.log_bytes,
          .has_copies = options_.has_copies,
          .cluster = cluster_id_,
          .services = options_.services_of_slot};
}

void Node::open(const Opening& opening, Opened opened) {
  Slot& slot = *slots_.at(cluster::number_of(opening.slot));
  std::stop_token stop;
  {
    const std::scoped_lock lock(slot.mutex);
    slot.revision = opening.revision;
    slot.stop = std::stop_source();
    stop = slot.stop.get_token();
  }
  auto shared_opened = std::make_shared<Opened>(std::move(opened));
  const bool is_posted = slot.worker->post(0, [this, &slot, opening, stop, shared_opened] {
    open_slot(slot, opening, stop, *shared_opened);
  });
  if (!is_posted) (*shared_opened)(fail(ErrorCode::kConflict, "too much waits for the slot"), 0);
}

void Node::open_slot(Slot& slot, const Opening& opening, const std::stop_token& stop,
                     Opened& opened) {
  if (stop.stop_requested()) return opened(fail(ErrorCode::kConflict, "the slot was given up"), 0);
  const TimePoint begin = options_.clocks.steady.now();
  // The log says it, and threads that the slot's server makes inherit it.
  ::pthread_setname_np(::pthread_self(),
                       fmt::format("{}{}", kSlotThread, cluster::number_of(opening.slot)).c_str());
  cluster::Revision found = 0;
  auto server = SlotServer::open(
      shared(), {.slot = opening.slot,
                 .revision = opening.revision,
                 .position = opening.position,
                 .slots = slots_.size(),
                 .on_lost =
                     [this, opening](const Error& why) {
                       spdlog::warn("slot {} is lost under revision {}: {}",
                                    cluster::number_of(opening.slot), opening.revision, why.detail);
                       const std::scoped_lock looking(looking_);
                       if (member_) member_->note_fenced(opening.slot, opening.revision);
                     },
                 .on_later_owner = [&found](cluster::Revision revision) { found = revision; },
                 .stop = stop});
  if (!server) return opened(std::unexpected(server.error()), found);
  if (Status added =
          door_.history->add(opening.slot, opening.revision, (*server)->server().archive());
      !added) {
    return opened(added, 0);
  }
  {
    const std::scoped_lock lock(slot.mutex);
    if (!stop.stop_requested()) slot.server = std::move(*server);
  }
  if (*server) {
    door_.history->remove(opening.slot);
    return opened(fail(ErrorCode::kConflict, "the slot was given up while it was opened"), 0);
  }
  owners_changed();
  spdlog::info("it is served under revision {}, {} ms after its claim", opening.revision,
               (options_.clocks.steady.now() - begin).count());
  opened({}, 0);
}

void Node::close(cluster::Slot which, cluster::Revision revision, cluster::CloseReason reason,
                 Closed closed) {
  Slot& slot = *slots_.at(cluster::number_of(which));
  const bool is_planned =
      reason == cluster::CloseReason::kHandOver || reason == cluster::CloseReason::kDraining;
  {
    const std::scoped_lock lock(slot.mutex);
    if (slot.revision == revision) {
      slot.stop.request_stop();
      if (!is_planned && slot.server) slot.server->abandon();
    }
  }
  auto shared_closed = std::make_shared<Closed>(std::move(closed));
  const bool is_posted = slot.worker->post(0, [this, &slot, which, is_planned, shared_closed] {
    std::unique_ptr<SlotServer> server;
    {
      const std::scoped_lock lock(slot.mutex);
      server = std::move(slot.server);
    }
    if (server && which == kSlotOfBridges) {
      // Calls that place partitions from now on see that the server is gone.
      const std::scoped_lock placing(placing_);
      options_.on_bridges_placed("", false);
    }
    if (server) door_.history->remove(which);
    if (server && is_planned) server->stop();
    server.reset();
    // Moves the notes of its last second.
    if (door_.shared_view) door_.shared_view->move_from(which);
    (*shared_closed)();
  });
  if (!is_posted) spdlog::error("too much waits for slot {}", cluster::number_of(which));
}

void Node::owners_changed() {
  // If too many wait, the last of them sees the news.
  static_cast<void>(placer_->post(0, [this] { place(); }));
}

void Node::refused(const Error& why) {
  if (options_.on_refused) options_.on_refused(why);
}

void Node::place() {
  const std::scoped_lock placing(placing_);
  std::vector<cluster::SlotOwner> owners;
  std::vector<cluster::NodeId> present;
  {
    const std::scoped_lock looking(looking_);
    if (!member_) return;
    owners = member_->owners();
    present = member_->present();
  }
  if (owners.size() != slots_.size()) return;
  watch_.note(owners, options_.clocks.steady.now());
  if (door_.cluster != nullptr) place_partitions(*door_.cluster, owners);
  for (const auto& slot : slots_) {
    const std::scoped_lock lock(slot->mutex);
    if (slot->server) slot->server->place(owners);
  }
  links_.carrier->place(places_of(self_, owners, present));
  const std::size_t at = cluster::number_of(kSlotOfBridges);
  bool is_here = false;
  {
    const std::scoped_lock lock(slots_[at]->mutex);
    is_here = slots_[at]->server != nullptr && !slots_[at]->stop.stop_requested();
  }
  const std::string owner = owners[at].node ? owners[at].node->name : std::string();
  options_.on_bridges_placed(is_here ? self_.name : owner, is_here);
}

std::optional<cluster::Revision> Node::revision_of(cluster::Slot slot) {
  const std::scoped_lock looking(looking_);
  if (!member_) return std::nullopt;
  const std::vector<cluster::SlotOwner> owners = member_->owners();
  const std::size_t at = cluster::number_of(slot);
  if (at >= owners.size() || !owners[at].is_served) return std::nullopt;
  return owners[at].revision;
}

NodeHealth Node::health() {
  NodeHealth health{.now = options_.clocks.steady.now(),
                    .started = watch_.begun(),
                    .self = self_,
                    .version = options_.version,
                    .owner_changes = watch_.owner_changes(),
                    .nats = links_.nats->health(),
                    .log_nats = links_.log_nats->health(),
                    .nats_urls = options_.nats.urls(),
                    .replicas = options_.replicas,
                    .frames = links_.carrier->counts(),
                    .relayed = door_.relay ? door_.relay->connections() : 0,
                    .refused_transactions = fence_.refused()};
  const std::scoped_lock looking(looking_);
  if (has_ended_) return health;
  health.address = address_;
  if (door_.shared_view) health.nodes = door_.shared_view->members();
  if (door_.server != nullptr) health.damage = door_.server->archive().damage().all();
  std::vector<cluster::SlotOwner> owners;
  if (member_) {
    health.member = member_->health();
    owners = member_->owners();
  }
  owners.resize(slots_.size());
  const auto unserved_since = watch_.unserved_since();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = *slots_[i];
    health.slots.push_back({.owner = owners[i], .unserved_since = unserved_since.at(i)});
    const std::scoped_lock lock(slot.mutex);
    if (slot.server) health.slots.back().here = slot.server->server().store_health();
  }
  return health;
}

std::string Node::metrics(const std::string& door) {
  std::vector<std::pair<std::size_t, std::string>> of_slots;
  {
    const std::scoped_lock looking(looking_);
    for (std::size_t i = 0; i < slots_.size() && !has_ended_; ++i) {
      const std::scoped_lock lock(slots_[i]->mutex);
      if (slots_[i]->server) of_slots.emplace_back(i, slots_[i]->server->server().metrics());
    }
  }
  return with_slots(door, of_slots) + cluster_metrics(health());
}

}  // namespace gridloom::node
