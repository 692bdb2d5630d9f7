#include "app/serve.h"

#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "app/admin.h"
#include "app/demo.h"
#include "app/fault.h"
#include "app/health.h"
#include "app/limits.h"
#include "app/local_zone.h"
#include "app/log_format.h"
#include "app/malloc_trim_policy.h"
#include "app/metrics.h"
#include "app/process.h"
#include "app/ready_file.h"
#include "app/reconcile.h"
#include "app/time.h"
#include "app/welcome.h"
#include "base/log_throttle.h"
#include "catalog/loader.h"
#include "history/archive.h"
#include "history/energy_query.h"
#include "http/api.h"
#include "http/session.h"
#include "hub/hub.h"
#include "mqtt/connection.h"
#include "mqtt/session_store.h"
#include "mqtt/session_table.h"
#include "net/io_loop.h"
#include "net/listener.h"
#include "net/tls.h"
#include "registry/data_lock.h"
#include "registry/registry.h"
#include "sim/fleet.h"

namespace gridloom::app {
namespace {

struct Listeners {
  std::unique_ptr<net::Listener> http, https, mqtt, mqtts;

  [[nodiscard]] std::array<const std::unique_ptr<net::Listener>*, 4> all() const {
    return {&http, &https, &mqtt, &mqtts};
  }
  [[nodiscard]] ListenerCounts counts() const {
    return {.http = http->connections() + https->connections(),
            .mqtt = mqtt->connections() + mqtts->connections()};
  }
};

// All components of a server, in the order of construction; destroyed in reverse order.
struct Running {
  SystemClock wall;
  SteadyClock steady;
  std::optional<VirtualClock> virtual_time;
  // The clock of devices, reports, history and the audit.
  [[nodiscard]] const Clock& clock() const {
    return virtual_time ? static_cast<const Clock&>(*virtual_time) : wall;
  }
  Limits limits;
  std::optional<registry::DataLock> lock;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<mqtt::SessionStore> store;
  std::unique_ptr<hub::Platform> platform;
  std::vector<std::unique_ptr<net::IoLoop>> loops;
  std::unique_ptr<history::Archive> archive;
  std::unique_ptr<net::IoLoop> sim_loop;
  std::unique_ptr<hub::Hub> hub;
  std::unique_ptr<mqtt::SessionTable> sessions;
  std::optional<wire::ReplayGuard> replays;
  std::optional<wire::ReplayGuard> guard;
  std::optional<FailureBudget> failures;  // shared by all listeners
  std::optional<http::RequestRate> rate;
  std::vector<std::unique_ptr<http::Api>> apis;  // by loop
  mqtt::ServerContext mqtt_context;
  std::shared_ptr<net::ConnectionBudget> budget;
  ByteBudgetPtr unauthenticated_bytes;
  Listeners listeners;
  MallocTrimPolicy trim;  // policy for the first loop; the slow trimming has its own thread
  std::jthread trimming;
  std::unique_ptr<Faults> faults;
  std::unique_ptr<AdminSocket> admin;
  std::optional<DemoHome> demo;
  std::unique_ptr<sim::Fleet> fleet;
  std::optional<ReadyFile> ready;

  ~Running() {
    ready.reset();
    admin.reset();
    if (sim_loop) sim_loop->stop();
    fleet.reset();
    if (archive) archive->stop();  // asks the loops for the twins
    for (const auto& loop : loops) loop->stop();
    if (store) store->on_applied({});
    archive.reset();  // tells the shards what has become durable
  }
};

Result<net::Address> address_of(const ServeOptions& options, const std::string& text,
                                std::string_view flag) {
  auto address = net::parse_address(text);
  if (!address) {
    return fail(address.error().code, fmt::format("{}: {}", flag, address.error().detail));
  }
  const bool plain = flag == "--http" || flag == "--mqtt";
  if (plain && !address->loopback() && !options.insecure_plain) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} {} would carry secrets in the clear outside this machine: use {}s, "
                            "or say --insecure-plain if the network is trusted",
                            flag, text, flag));
  }
  return address;
}

Result<std::unique_ptr<net::Listener>> listen(const ServeOptions& options, const std::string& text,
                                              std::string_view flag, net::TlsContextPtr tls,
                                              net::MakeProtocol make, const Running& running) {
  const auto address = address_of(options, text, flag);
  if (!address) return std::unexpected(address.error());
  std::vector<net::IoLoop*> loops;
  loops.reserve(running.loops.size());
  for (const auto& loop : running.loops) loops.push_back(loop.get());
  auto opened = net::Listener::open({.address = *address,
                                     .tls = std::move(tls),
                                     .make = std::move(make),
                                     .clock = &running.steady,
                                     .limits = running.limits.listeners,
                                     .budget = running.budget,
                                     .unauthenticated_bytes = running.unauthenticated_bytes},
                                    loops);
  if (!opened && opened.error().code == ErrorCode::kConflict) {
    return fail(ErrorCode::kConflict,
                fmt::format("{}; choose another with {} ADDR:PORT (port 0 takes any free one)",
                            opened.error().detail, flag));
  }
  return opened;
}

bool is_guarded(const ServeOptions& options, const std::string& address) {
  if (options.replay_check != "auto") return options.replay_check == "on";
  const auto parsed = net::parse_address(address);
  return parsed && !parsed->loopback();
}

net::MakeProtocol http_protocol(const Running& running, bool guarded) {
  return [&running, guarded](net::ConnectionContext line) -> std::shared_ptr<net::Protocol> {
    const auto loop = std::ranges::find_if(
        running.loops, [&line](const auto& each) { return each.get() == &line.loop; });
    http::Api* api = running.apis[static_cast<std::size_t>(loop - running.loops.begin())].get();
    return std::make_shared<http::Session>(
        std::move(line),
        [api, guarded](http::Request request, Callback<http::Response> done) {
          request.guarded = guarded;
          api->handle(std::move(request), std::move(done));
        },
        running.limits.http, running.steady.now(), mqtt::serve(running.mqtt_context),
        [api](const http::Request& head) { return api->wants_body(head); },
        [&running](const http::Session::Refused& refused) {
          running.hub->record_event({.kind = hub::ClientEvent::Kind::kRequestRefused,
                                     .reason = refused.code,
                                     .user = refused.access_key,
                                     .peer = refused.peer,
                                     .detail = refused.why});
        });
  };
}

// Looks up families by device number, for one thread.
history::FamilyOf family_of(const registry::Registry& registry,
                            const std::shared_ptr<const catalog::Catalog>& catalog) {
  struct Known {
    std::shared_ptr<const registry::Directory> as_of;
    std::unordered_map<std::int64_t, catalog::FamilyPtr> families;
  };
  return [&registry, catalog, known = std::make_shared<Known>()](std::int64_t number) {
    if (const auto now = registry.directory(); now != known->as_of) {
      known->families.clear();
      for (const registry::Device* device : now->devices()) {
        known->families.emplace(device->number, catalog->of_serial(device->sn));
      }
      known->as_of = now;
    }
    const auto found = known->families.find(number);
    return found == known->families.end() ? nullptr : found->second;
  };
}

Status open_data(Running& running, const ServeOptions& options) {
  auto lock = registry::DataLock::take(options.data);
  if (!lock) return std::unexpected(lock.error());
  running.lock.emplace(std::move(*lock));
  // Left behind by a killed server, and wrong by now, however this start ends.
  std::error_code ignored;
  std::filesystem::remove(options.data / "ready.json", ignored);
  auto limits = limits_from(options.limits);
  if (!limits) return std::unexpected(limits.error());
  running.limits = *limits;
  const auto time = time_options(options, {.at = running.wall.now(), .zone = local_zone().zone});
  if (!time) return std::unexpected(time.error());
  if (*time) {
    running.virtual_time.emplace(running.steady, **time);
    running.virtual_time->allow_until((*time)->start);  // until everything is started
    // Devices wait for each acknowledgement, so delaying a commit gathers no further records.
    running.limits.history.log.commit = Millis{0};
  }
  auto registry = registry::Registry::open(options.data);
  if (!registry) return std::unexpected(registry.error());
  running.registry = std::move(*registry);
  auto store = mqtt::SessionStore::open(options.data);
  if (!store) return std::unexpected(store.error());
  running.store = std::move(*store);
  auto catalog = catalog::load_catalog(options.devices);
  if (!catalog) return std::unexpected(catalog.error());
  running.platform = std::make_unique<hub::Platform>(running.clock(), *catalog, *running.registry);
  running.platform->wall = &running.wall;
  running.platform->steady = &running.steady;
  running.platform->zone = local_zone().zone;
  running.platform->sessions = running.store->keeper();
  auto archive = history::Archive::open(
      {.data = options.data,
       .clock = &running.clock(),
       .limits = running.limits.history,
       .account = history::account_by(family_of(*running.registry, running.platform->catalog)),
       .on_session_changes = [store = running.store.get()](
                                 std::uint64_t record,
                                 std::string_view changes) { store->take(record, changes); },
       .sessions_applied = running.store->applied(),
       .clock_is_driven = running.virtual_time.has_value()});
  if (!archive) return std::unexpected(archive.error());
  running.archive = std::move(*archive);
  running.store->on_applied([archive = running.archive.get()](std::uint64_t record) {
    archive->sessions_stored(record);
  });
  if (!options.no_history) running.platform->journal = running.archive.get();
  hub::Config& config = running.platform->config;
  config = running.limits.hub;
  config.set_deadline = Millis(options.set_timeout_ms);
  if (options.strict) {
    config.wildcards = hub::Wildcards::kDenied;
    config.offline_requests = hub::OfflineRequests::kLikeTheVendor;
    config.client_ids_a_day = running.limits.client_ids_a_day;
  }
  return {};
}

void restore_twins(Running& running) {
  std::unordered_map<std::int64_t, const registry::Device*> devices;
  const auto directory = running.registry->directory();
  for (const registry::Device* device : directory->devices()) {
    devices.emplace(device->number, device);
  }
  for (history::Recovered& recovered : running.archive->take_recovered()) {
    const auto device = devices.find(recovered.twin.device);
    if (device == devices.end()) continue;  // removed meanwhile
    running.hub->restore_twin({.sn = device->second->sn,
                               .number = recovered.twin.device,
                               .text = std::move(recovered.twin.text),
                               .newer = std::move(recovered.values)});
  }
}

// Restores the state at the last shutdown: last values, retained messages, sessions.
Status restore_state(Running& running, const std::vector<Loop*>& loops) {
  auto loaded = running.store->load();
  if (!loaded) return std::unexpected(loaded.error());
  if (const auto loss = running.store->loss(running.archive->has_stored()); !loss.empty()) {
    running.archive->damage().note(running.wall.now(), loss);
  }
  for (const hub::RetainedChange& retained : loaded->retained) {
    if (running.hub->restore_retained(retained)) continue;
    std::string change;
    hub::append_change(change, hub::RetainedKept{.topic = retained.topic});
    running.hub->record_changes(std::move(change), {});
  }
  if (Status agreed = reconcile(*running.registry, *running.archive, running.wall); !agreed) {
    return agreed;
  }
  restore_twins(running);
  running.sessions->restore(running.mqtt_context, loops, std::move(loaded->sessions),
                            std::move(loaded->streams));
  return {};
}

Status start_hub(Running& running, const ServeOptions& options) {
  const unsigned count =
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  std::vector<Loop*> loops;
  for (unsigned i = 0; i < count; ++i) {
    running.loops.push_back(std::make_unique<net::IoLoop>());
    loops.push_back(running.loops.back().get());
  }
  running.hub = std::make_unique<hub::Hub>(*running.platform, loops);
  running.loops.front()->on_sweep([hub = running.hub.get()] { hub->tick(); });
  running.registry->on_change([hub = running.hub.get()] { hub->registry_changed(); });
  if (const std::size_t most = running.limits.failures_per_minute; most > 0) {
    running.failures.emplace(most);
  }
  running.sessions = std::make_unique<mqtt::SessionTable>(running.limits.sessions);
  running.mqtt_context = {.hub = running.hub.get(),
                          .clock = &running.steady,
                          .sessions = running.sessions.get(),
                          .limits = running.limits.mqtt,
                          .failures = running.failures ? &*running.failures : nullptr};
  for (const auto& loop : running.loops) {
    loop->on_sweep(
        [&running, loop = loop.get()] { running.sessions->sweep(*loop, running.steady.now()); });
  }
  return restore_state(running, loops);
}

// Any client can request the metrics with forty bytes, and they are expensive to compute. Requests
// beyond the rate limit get the last text.
std::function<std::string()> metrics_of(Running& running) {
  auto fresh =
      std::make_shared<LogThrottle>(LogThrottle::Options{.times = 10, .within = Millis(100)});
  return [&running, fresh, text = std::string()]() mutable {
    if (fresh->admit(running.steady.now())) {
      ListenerCounts counts = running.listeners.counts();
      const auto sessions = running.sessions->counts();
      counts.sessions = sessions.sessions;
      counts.sessions_waiting = sessions.waiting;
      text = metrics_text(*running.platform, counts, running.archive->health());
    }
    return text;
  };
}

void warn_of_replays(const ServeOptions& options, const Listeners& listeners) {
  if (options.replay_check != "off" || options.strict) return;
  for (const auto* listener : {&listeners.http, &listeners.https}) {
    const net::Address& bound = (*listener)->bound();
    if (bound.loopback()) continue;
    spdlog::warn(
        "{} leaves this machine with --replay-check off: a signed request that is "
        "overheard can be sent again at any time",
        bound.text());
  }
}

Result<net::TlsFiles> open_listeners(Running& running, const ServeOptions& options) {
  std::vector<std::string> hosts;
  if (!options.public_host.empty()) hosts.push_back(options.public_host);
  auto files = net::own_certificates(options.data, hosts);
  if (!files) return files;
  const auto tls = net::tls_context(*files);
  if (!tls) return std::unexpected(tls.error());

  const net::MakeProtocol http = http_protocol(running, is_guarded(options, options.http));
  const net::MakeProtocol https = http_protocol(running, is_guarded(options, options.https));
  const net::MakeProtocol mqtt = mqtt::serve(running.mqtt_context);
  const auto descriptors = descriptors_for_connections();
  if (!descriptors) return std::unexpected(descriptors.error());
  running.budget = std::make_shared<net::ConnectionBudget>(*descriptors);
  running.unauthenticated_bytes =
      std::make_shared<ByteBudget>(running.limits.unauthenticated_bytes);
  Listeners& listeners = running.listeners;
  struct Row {
    std::unique_ptr<net::Listener>& listener;
    const std::string& text;
    std::string_view flag;
    net::TlsContextPtr tls;
    const net::MakeProtocol& make;
  };
  const std::vector<Row> rows = {{listeners.http, options.http, "--http", nullptr, http},
                                 {listeners.https, options.https, "--https", *tls, https},
                                 {listeners.mqtt, options.mqtt, "--mqtt", nullptr, mqtt},
                                 {listeners.mqtts, options.mqtts, "--mqtts", *tls, mqtt}};
  for (const Row& row : rows) {
    auto opened = listen(options, row.text, row.flag, row.tls, row.make, running);
    if (!opened) return std::unexpected(opened.error());
    row.listener = std::move(*opened);
  }
  running.guard.emplace(running.limits.guard, wire::ReplayRule::kPatient);
  warn_of_replays(options, listeners);
  if (options.strict) running.replays.emplace(running.limits.replays);
  if (const std::size_t rate = running.limits.requests_per_second; rate > 0) {
    running.rate.emplace(rate);
  }
  for (const auto& loop : running.loops) {
    running.apis.push_back(std::make_unique<http::Api>(http::Api::Options{
        .hub = running.hub.get(),
        .loop = loop.get(),
        .reads = [archive =
                      running.archive.get()](auto task) { return archive->read(std::move(task)); },
        .series = running.limits.series,
        .mqtt = {.public_host = options.public_host, .port = listeners.mqtts->bound().port},
        .metrics = metrics_of(running),
        .health = [&running] { return health_of(running.archive->health(), running.loops); },
        .signing = running.limits.signing,
        .rate = running.rate ? &*running.rate : nullptr,
        .replays = running.replays ? &*running.replays : nullptr,
        .guard = &*running.guard,
        .failures = running.failures ? &*running.failures : nullptr}));
    loop->on_sweep([api = running.apis.back().get()] { api->tick(); });
  }
  running.loops.front()->on_sweep([&running] {
    const ListenerCounts open = running.listeners.counts();
    if (!running.trim.is_due(open.http + open.mqtt, running.steady.now())) return;
    running.trimming = std::jthread([] { malloc_trim(0); });
  });
  return files;
}

Status start_demo(Running& running, const ServeOptions& options) {
  auto home = demo_home(*running.registry, *running.platform->catalog, options.demo_home);
  if (!home) return std::unexpected(home.error());
  running.demo = std::move(*home);
  running.sim_loop = std::make_unique<net::IoLoop>();
  const net::Address& mqtt = running.listeners.mqtt->bound();
  const bool any = mqtt.host == "0.0.0.0" || mqtt.host == "::";
  running.fleet = std::make_unique<sim::Fleet>(
      sim::Fleet::Options{
          .server = client::peer_at({.host = any ? "127.0.0.1" : mqtt.host, .port = mqtt.port}),
          .world = {.zone = running.platform->zone},
          .clock = &running.clock(),
          .time = running.virtual_time ? &*running.virtual_time : nullptr,
          .loop = running.sim_loop.get()},
      running.demo->members);
  running.sim_loop->on_sweep([fleet = running.fleet.get()] { fleet->tick(); });
  return {};
}

std::string reachable(const net::Address& address) {
  return address.host == "0.0.0.0" || address.host == "::" || address.loopback()
             ? fmt::format("localhost:{}", address.port)
             : address.text();
}

wire::JsonObject facts_of(const Running& running, const net::TlsFiles& files) {
  const Listeners& listeners = running.listeners;
  wire::JsonObject facts{{"http", "http://" + listeners.http->bound().text()},
                         {"https", "https://" + reachable(listeners.https->bound())},
                         {"mqtt", listeners.mqtt->bound().text()},
                         {"mqtts", reachable(listeners.mqtts->bound())},
                         {"ca", files.ca.string()},
                         {"pid", ::getpid()}};
  if (running.demo) {
    facts["accessKey"] = running.demo->key.access_key;
    facts["secretKey"] = running.demo->key.secret_key.reveal();
  }
  return facts;
}

// Prints the welcome on standard output, apart from the log on standard error.
Status greet(const Running& running, const net::TlsFiles& files,
             const std::filesystem::path& data) {
  const auto directory = running.registry->directory();
  const registry::Account* account = directory->find_account(running.demo->key.account);
  if (account == nullptr || running.demo->members.empty()) return {};
  const Listeners& listeners = running.listeners;
  return print_welcome({.http = "http://" + listeners.http->bound().text(),
                        .https = "https://" + reachable(listeners.https->bound()),
                        .mqtt = listeners.mqtt->bound().text(),
                        .mqtts = reachable(listeners.mqtts->bound()),
                        .ca = files.ca.string(),
                        .keys = data / "ready.json",
                        .sn = running.demo->members.front().sn,
                        .now = running.clock().now()},
                       running.demo->key, *account);
}

// The changed twins of all shards, collected on their loops.
std::vector<history::StoredTwin> changed_twins(Running& running) {
  std::mutex mutex;
  std::vector<history::StoredTwin> all;
  std::latch shards(static_cast<std::ptrdiff_t>(running.loops.size()));
  running.hub->save_twins([&](std::vector<hub::SavedTwin> twins) {
    {
      const std::lock_guard lock(mutex);
      for (hub::SavedTwin& twin : twins) {
        all.push_back({.device = twin.number, .sn = twin.sn, .text = std::move(twin.text)});
      }
    }
    shards.count_down();
  });
  shards.wait();
  return all;
}

// Writes an audit entry without waiting for the disk, for the start or stop of a server.
void note(const Running& running, wire::JsonObject entry) {
  entry["at"] = unix_ms(running.clock().now());
  running.archive->append(history::RecordKind::kAudit, wire::to_text(entry), {});
}

// Called on the admin socket's thread.
void carry_out(Running& running, const std::vector<FaultRule>& orders) {
  running.platform->fault_injector.set(orders);
  running.hub->injected_faults_changed();
  if (!running.fleet) return;
  running.sim_loop->post([fleet = running.fleet.get(), orders] { fleet->set_faults(orders); });
}

Status put_together(Running& running, const ServeOptions& options) {
  if (Status opened = open_data(running, options); !opened) return opened;
  if (Status started = start_hub(running, options); !started) return started;
  const auto files = open_listeners(running, options);
  if (!files) return std::unexpected(files.error());
  running.faults = std::make_unique<Faults>(
      *running.platform->catalog, running.clock(),
      [&running](const std::vector<FaultRule>& orders) { carry_out(running, orders); });
  auto admin = AdminSocket::open({*running.registry,
                                  *running.platform->catalog,
                                  *running.archive,
                                  running.clock(),
                                  options.data,
                                  running.store.get(),
                                  {},
                                  running.limits.series,
                                  running.virtual_time ? &*running.virtual_time : nullptr,
                                  running.faults.get(),
                                  running.hub.get(),
                                  running.platform->zone});
  if (!admin) return std::unexpected(admin.error());
  running.admin = std::move(*admin);
  if (options.demo) {
    if (Status started = start_demo(running, options); !started) return started;
  }
  for (const auto& loop : running.loops) loop->start();
  running.archive->start([&running] { return changed_twins(running); });
  note(running, {{"what", "start"}, {"who", "server"}, {"demo", options.demo}});
  for (const auto* listener : running.listeners.all()) (*listener)->start();
  if (running.fleet) {
    running.sim_loop->start();
    running.fleet->start();
  } else if (running.virtual_time) {
    running.virtual_time->allow_until(TimePoint::max());
  }
  auto ready = ReadyFile::write(options.data, facts_of(running, *files));
  // A full disk must not prevent stored data from being read.
  if (!ready) spdlog::error("scripts cannot find this server: {}", ready.error().detail);
  if (ready) running.ready.emplace(std::move(*ready));
  return running.demo ? greet(running, *files, options.data) : Status();
}

// Stores what the last messages changed in parked sessions: the changes pass from a connection to a
// shard, then to a session, then to the store.
void settle(Running& running) {
  for (int round = 0; round < 3; ++round) {
    for (const auto& loop : running.loops) {
      std::promise<void> done;
      loop->post([&] {
        if (round == 2) running.sessions->sweep(*loop, running.steady.now());
        done.set_value();
      });
      done.get_future().wait();
    }
  }
  running.store->flush();
}

}  // namespace

int serve(const ServeOptions& options) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("gridloom"));
  spdlog::default_logger()->set_formatter(log_formatter(local_zone().zone, LogName::kShown));
  spdlog::set_level(spdlog::level::from_str(options.log_level));
  // sigwait() below receives these; they are blocked before other threads exist.
  const sigset_t signals = block_ending_signals();
  prepare_process({.may_dump_core = options.core_dumps, .zone_warning = local_zone().warning});
  Running running;
  if (Status status = put_together(running, options); !status) {
    fmt::print(stderr, "gridloom: {}\n", status.error().detail);
    return 1;
  }
  spdlog::info("ready: HTTP {}, HTTPS {}, MQTT {}, MQTTS {}; data in {}",
               running.listeners.http->bound().text(), running.listeners.https->bound().text(),
               running.listeners.mqtt->bound().text(), running.listeners.mqtts->bound().text(),
               options.data.string());
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping on signal {}", signal);
  for (const auto* listener : running.listeners.all()) (*listener)->stop();
  settle(running);
  note(running, {{"what", "stop"}, {"who", "server"}, {"signal", signal}});
  return 0;
}

}  // namespace gridloom::app
