#include "server/server.h"

#include <fmt/format.h>

#include <future>
#include <ranges>
#include <utility>

#include "history/energy_query.h"
#include "server/health.h"
#include "server/metrics.h"
#include "server/saved_state.h"
#include "server/stores.h"

namespace gridloom::server {
namespace {

hub::Config config_of(const ServerLimits& limits, Strictness strictness) {
  hub::Config config = limits.hub;
  if (strictness == Strictness::kStrict) {
    config.wildcards = hub::Wildcards::kDenied;
    config.offline_requests = hub::OfflineRequests::kLikeTheVendor;
    config.client_ids_a_day = limits.client_ids_a_day;
  }
  return config;
}

// Stores what the last messages changed in parked sessions: the changes pass from a connection to a
// shard, then to a session, then to the store. Waits for the loops, which turn.
void store_sessions(LoopSpan loops, mqtt::SessionTable& sessions, mqtt::SessionStore& store,
                    const Clock& clock) {
  for (int round = 0; round < 3; ++round) {
    for (const auto& loop : loops) {
      std::promise<void> done;
      loop->post([&] {
        if (round == 2) sessions.sweep(*loop, clock.now());
        done.set_value();
      });
      done.get_future().wait();
    }
  }
  store.flush();
}

// Writes an audit entry of the server's without waiting for the disk.
void write_audit(history::Archive& archive, TimePoint now, std::string_view what,
                 const wire::JsonObject& facts) {
  wire::JsonObject entry{{"what", what}, {"who", "server"}};
  for (const auto& fact : facts) entry[fact.key()] = fact.value();
  entry["at"] = unix_ms(now);
  archive.append(journal::RecordKind::kAudit, wire::to_text(entry), {});
}

std::string metrics_of(const hub::Platform& platform, const Listeners& listeners,
                       const mqtt::SessionTable& sessions, const mqtt::SessionStore& store,
                       const history::Archive& archive) {
  const auto counts = sessions.counts();
  return metrics_text(platform,
                      {.http = listeners.connections(Interface::kHttp),
                       .mqtt = listeners.connections(Interface::kMqtt),
                       .sessions = counts.sessions,
                       .sessions_waiting = counts.waiting,
                       .session_store = store.health()},
                      archive.health());
}

api::Health health_now(const history::Archive& archive, const mqtt::SessionStore& store,
                       LoopSpan loops) {
  return health_of(archive.health(), store.health(), net::longest_stall(loops));
}

// The port of the MQTT listener with TLS; 0: there is none.
std::uint16_t port_of(const Listeners& listeners) {
  const net::Address* bound = listeners.bound(Interface::kMqtt, Security::kTls);
  return bound == nullptr ? std::uint16_t{0} : bound->port;
}

// Its data would be begun anew in files.
Status check_no_database(const std::filesystem::path& data) {
  if (!names_database(data)) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("the data of {} are in a database, which this program does not know",
                          data.string()));
}

history::SerialOf serials_of(const registry::Registry& registry) {
  return [&registry](DeviceNumber number) {
    const auto directory = registry.directory();
    for (const registry::Device* device : directory->devices()) {
      if (device->number == number) return device->sn;
    }
    return std::string();
  };
}

Result<std::shared_ptr<history::Archive>> open_archive(const Server::Options& options,
                                                       history::Archive::Options given) {
  if (options.open_archive) return options.open_archive(std::move(given));
  return history::Archive::open(std::move(given));
}

history::Reads reads_of(const Server::Options& options, history::Archive& archive) {
  if (options.reads) return options.reads;
  return [&archive](auto query) { return archive.read(std::move(query)); };
}

sign_in::SignIn::Options sign_in_options(const Server::Options& options,
                                         registry::Registry& registry, Worker& worker) {
  return {.registry = &registry,
          .wall = &options.clocks.wall,
          .steady = &options.clocks.steady,
          .public_host = options.public_host,
          .work =
              [&worker](sign_in::SignIn::Lane lane, Task task) {
                return worker.post(static_cast<std::size_t>(lane), std::move(task));
              },
          .limits = options.limits.sign_in};
}

// The protocol of a listener's connections.
net::MakeProtocol protocol_of(const Protocols& protocols, const Server::ListenOptions& options,
                              const ListenerOptions& listener) {
  const bool is_elsewhere = listener.interface == Interface::kMqtt && options.mqtt_protocol;
  net::MakeProtocol make = is_elsewhere ? options.mqtt_protocol
                                        : protocols.make(listener.interface, listener.replay_check);
  if (!options.wrap) return make;
  return [make = std::move(make), wrap = options.wrap](net::ConnectionContext context) {
    return wrap(make(std::move(context)));
  };
}

// Runs `work`, which waits for tasks of the loops.
void with_loops(const Server::Options& options, LoopSpan loops, const std::function<void()>& work) {
  if (options.turn_loops_during) return options.turn_loops_during(loops, work);
  work();
}

}  // namespace

Server::Server(Options options)
    : options_(std::move(options)), loops_(std::exchange(options_.loops, {})) {
  // Devices wait for each acknowledgement, so delaying a commit gathers no further records.
  const bool devices_wait = options_.clock_is_driven && options_.journaling != Journaling::kInstant;
  if (devices_wait) options_.limits.history.log.commit = Millis{0};
}

Server::~Server() {
  // They use the protocols' budget of failures, and are destroyed after it.
  for (const auto& service : services_ | std::views::reverse) service->stop();
  // Asks the loops for the twins.
  if (archive_) with_loops(options_, loops_, [this] { archive_->stop(); });
  for (const auto& loop : loops_) loop->stop();
  sign_in_.worker.reset();
  if (registry_) registry_->end_listening();
  if (store_) store_->on_applied({});
  archive_.reset();  // tells the shards what has become durable
}

Result<std::unique_ptr<Server>> Server::open(Options options) {
  std::unique_ptr<Server> server(new Server(std::move(options)));
  GL_TRY(server->open_data());
  server->make_hub();
  if (const auto& join = server->options_.join) join(*server->hub_);
  GL_TRY(restore({.registry = *server->registry_,
                  .store = *server->store_,
                  .archive = *server->archive_,
                  .hub = *server->hub_,
                  .mqtt = server->protocols_->mqtt(),
                  .loops = server->loops_,
                  .wall = server->options_.clocks.wall}));
  for (const auto& service : server->services_) GL_TRY(service->restore());
  return server;
}

Status Server::open_data() {
  if (!options_.stores) {
    GL_TRY(check_no_database(options_.data));
    options_.stores = folder_stores(options_.data);
  }
  GL_TRY(auto registry, options_.stores->open_registry());
  registry_ = std::move(registry);
  auto store = options_.stores->open_sessions();
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  platform_ =
      std::make_unique<hub::Platform>(options_.clocks.devices, options_.catalog, *registry_);
  platform_->wall = &options_.clocks.wall;
  platform_->steady = &options_.clocks.steady;
  platform_->zone = options_.zone;
  platform_->zone_name = options_.zone_name;
  platform_->sessions = store_->keeper();
  platform_->config = config_of(options_.limits, options_.strictness);
  auto archive = open_archive(
      options_, {.data = options_.data,
                 .stores = options_.stores->history(),
                 .clock = &options_.clocks.devices,
                 .limits = options_.limits.history,
                 .integrate = history::hour_integrator_by(family_of(*registry_, options_.catalog)),
                 .on_session_changes =
                     [store = store_.get()](std::uint64_t record, std::string_view changes) {
                       store->take(record, changes);
                     },
                 .sessions_applied = store_->applied(),
                 .on_superseded = options_.on_superseded,
                 .clock_is_driven = options_.clock_is_driven,
                 .serial_of = serials_of(*registry_)});
  if (!archive) return std::unexpected(archive.error());
  archive_ = std::move(*archive);
  store_->on_applied([archive = archive_.get()](const journal::Positions& applied) {
    archive->sessions_stored(applied);
  });
  if (options_.journaling == Journaling::kDurable) platform_->journal = archive_.get();
  if (options_.journaling == Journaling::kInstant) {
    platform_->journal = &instant_journal_.emplace(*archive_);
  }
  return {};
}

void Server::make_hub() {
  hub_ = std::make_unique<hub::Hub>(*platform_, as_loops(loops_), options_.request_path);
  loops_.front()->on_sweep([hub = hub_.get()] { hub->tick(); });
  registry_->on_change([this] {
    note_setback(*registry_, *archive_, options_.clocks.wall);
    hub_->registry_changed();
    for (const auto& service : services_) service->registry_changed();
  });
  protocols_.emplace(Protocols::Options{.hub = *hub_,
                                        .clock = options_.clocks.steady,
                                        .loops = loops_,
                                        .limits = options_.limits,
                                        .strictness = options_.strictness});
  sign_in_.worker.emplace(sign_in::SignIn::lanes(options_.limits.sign_in));
  sign_in_.sign_in.emplace(sign_in_options(options_, *registry_, *sign_in_.worker));
  make_services();
}

void Server::make_services() {
  const ServiceParts parts{.hub = *hub_,
                           .registry = *registry_,
                           .archive = *archive_,
                           .reads = reads_of(options_, *archive_),
                           .loop = *loops_.front(),
                           .clocks = options_.clocks,
                           .data = options_.data,
                           .stores = *options_.stores,
                           .limits = options_.limits,
                           .sign_in = *sign_in_.sign_in,
                           .failures = protocols_->mqtt().failures};
  for (MakeService& make : options_.services) services_.push_back(make(parts));
  for (const auto& service : services_) {
    loops_.front()->on_sweep([service = service.get()] { service->tick(); });
  }
}

Status Server::listen(ListenOptions options) {
  GL_TRY(auto opened, Listeners::open(options.listeners, {.loops = loops_,
                                                          .clock = options_.clocks.steady,
                                                          .limits = options_.limits,
                                                          .connections = options.connections,
                                                          .protocol_of = [&](const auto& listener) {
                                                            return protocol_of(*protocols_, options,
                                                                               listener);
                                                          }}));
  listeners_ = std::move(opened);
  protocols_->add_apis(
      {.reads = reads_of(options_, *archive_),
       .mqtt = {.public_host = options_.public_host,
                .port = options.mqtt_port != 0 ? options.mqtt_port : port_of(listeners_)},
       .mqtt_protocol = std::move(options.mqtt_protocol),
       .metrics =
           [this, more = std::move(options.metrics)] { return more ? more(metrics()) : metrics(); },
       .health =
           [this, more = std::move(options.health)] {
             const api::Health own = health_now(*archive_, *store_, loops_);
             return more ? more(own) : own;
           },
       .sign_in = &*sign_in_.sign_in,
       .services = services_,
       .trusted_proxies = std::move(options.trusted_proxies)});
  return {};
}

void Server::start(const wire::JsonObject& facts) {
  if (!options_.turn_loops_during) {
    for (const auto& loop : loops_) loop->start();
  }
  archive_->start([this] { return changed_twins(*hub_, loops_.size()); });
  write_audit(*archive_, options_.clocks.devices.now(), journal::audit_kind("start"), facts);
  listeners_.start();
  for (const auto& service : services_) service->start();
}

void Server::stop(const wire::JsonObject& facts) {
  for (const auto& service : services_ | std::views::reverse) service->stop();
  with_loops(options_, loops_, [this] {
    listeners_.stop();
    store_sessions(loops_, protocols_->sessions(), *store_, options_.clocks.steady);
  });
  write_audit(*archive_, options_.clocks.devices.now(), journal::audit_kind("stop"), facts);
}

std::string Server::metrics() {
  std::string text = metrics_of(*platform_, listeners_, protocols_->sessions(), *store_, *archive_);
  for (const auto& service : services_) text += service->metrics();
  return text;
}

StoreHealth Server::store_health() const {
  return {.archive = archive_->health(), .sessions = store_->health()};
}

net::MakeProtocol Server::protocol(Interface interface) const {
  return protocols_->make(interface, ReplayCheck::kOff);
}

void Server::set_faults(const std::vector<FaultRule>& rules) { hub_->lay_faults({}, rules); }

}  // namespace gridloom::server
