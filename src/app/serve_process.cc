#include "app/serve_process.h"

#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "app/cluster_node.h"
#include "app/control/admin.h"
#include "app/control/doctor.h"
#include "app/data_folder/stores.h"
#include "app/limits.h"
#include "app/operations/context.h"
#include "app/operations/faults.h"
#include "app/operations/kinds.h"
#include "app/option_values.h"
#include "app/process/local_zone.h"
#include "app/process/process.h"
#include "app/ready_file.h"
#include "app/services.h"
#include "catalog/loader.h"
#include "net/tls.h"
#include "server/server.h"
#include "storage/data_lock.h"
#include "storage/reserve.h"

namespace gridloom::app {

using server::Interface;
using server::Security;
using server::Server;

namespace {

// Connects with the cluster. The node's door has what it stores from the node.
Status open_node(ServeProcess& process, const ServeOptions& options,
                 const ClusterNodeParts& parts) {
  GL_TRY(auto node, open_cluster_node(options, parts));
  process.node = std::move(node);
  process.cluster = process.node->operations();
  return {};
}

Result<std::unique_ptr<server::Stores>> open_stores(const ServeProcess& process,
                                                    const ServeOptions& options) {
  if (process.node) return process.node->stores_of_door();
  std::optional<server::DatabaseChoice> database;
  if (!options.database.empty()) {
    database = {.url = options.database, .password_file = options.database_password_file};
  }
  return app::open_stores(options.data, database, process.wall);
}

Result<std::vector<server::MakeService>> services_of(ServeProcess& process,
                                                     const ServeOptions& options,
                                                     const Limits& limits) {
  const ServicesAsked asked{
      .options = options, .limits = limits, .is_door = process.node != nullptr};
  std::vector<server::MakeService> all;
  GL_TRY(add_home_service(asked, process.services, all));
  GL_TRY(add_bridges_service(asked, process.services, all));
  return all;
}

void warn_of_modes(const std::filesystem::path& data) {
  const Finding modes = check_modes(data);
  if (!modes.good) spdlog::warn("{}: {}", data.string(), modes.text);
}

}  // namespace

Status open_server(ServeProcess& process, const ServeOptions& options, const TimeOptions& time) {
  GL_TRY(auto lock, storage::DataLock::take(options.data));
  process.lock.emplace(std::move(lock));
  warn_of_modes(options.data);
  if (storage::is_nearly_full(options.data) && storage::use_reserve(options.data)) {
    spdlog::warn(
        "the disk of {} is full: the reserve in it was removed, so that the server can start",
        options.data.string());
  }
  // Left behind by a killed server, and wrong by now, however this start ends.
  std::error_code ignored;
  std::filesystem::remove(options.data / "ready.json", ignored);
  GL_TRY(auto limits, limits_from(options.limits));
  limits.server.hub.set_deadline = Millis(options.set_timeout_ms);
  if (time) {
    process.virtual_time.emplace(process.steady, *time);
    process.virtual_time->allow_until(time->start);  // until everything is started
  }
  if (!process.catalog) {
    GL_TRY(auto loaded, catalog::load_catalog(options.devices, catalog::Translations::kAll));
    process.catalog = std::move(loaded);
  }
  if (options.cluster.is_given()) {
    const Server::Clocks clocks{
        .devices = process.clock(), .wall = process.wall, .steady = process.steady};
    const ClusterNodeParts parts{.clocks = clocks,
                                 .limits = limits.server,
                                 .catalog = process.catalog,
                                 .services = process.services};
    GL_TRY(open_node(process, options, parts));
  }
  GL_TRY(auto stores, open_stores(process, options));
  GL_TRY(auto services, services_of(process, options, limits));
  const unsigned threads =
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  auto server = Server::open(
      {.data = options.data,
       .clocks = {.devices = process.clock(), .wall = process.wall, .steady = process.steady},
       .catalog = process.catalog,
       .loops = server::make_loops(threads),
       .limits = limits.server,
       .zone = local_zone().zone,
       .zone_name = local_zone().name,
       .journaling = options.no_history ? server::Journaling::kOff : server::Journaling::kDurable,
       .strictness = options.strict ? server::Strictness::kStrict : server::Strictness::kRelaxed,
       .clock_is_driven = process.virtual_time.has_value(),
       .stores = std::move(stores),
       .reads = process.node ? process.node->reads() : history::Reads(),
       .public_host = options.public_host,
       .services = std::move(services),
       .on_superseded = [&process](const Error& why) {
         spdlog::error("{}", why.detail);
         process.starts_again = true;
         ::kill(::getpid(), SIGTERM);  // serve() and live() wait for it
       }});
  if (!server) return std::unexpected(server.error());
  process.server = std::move(*server);
  if (process.node) process.node->join(*process.server);
  return {};
}

const net::Address& bound(const ServeProcess& process, Interface interface, Security security) {
  return *process.server->listeners().bound(interface, security);
}

namespace {

void warn_of_replays(const ServeOptions& options, const ServeProcess& process) {
  if (options.replay_check != "off" || options.strict) return;
  for (const Security security : {Security::kPlain, Security::kTls}) {
    const net::Address& address = bound(process, Interface::kHttp, security);
    if (address.loopback()) continue;
    spdlog::warn(
        "the listener {} accepts connections from other machines and --replay-check is off: a "
        "signed request that someone intercepts can be sent again at any time",
        address.text());
  }
}

void trim_after_closing(ServeProcess& process) {
  // The loops still turn while the server is being destroyed; process.server is null then.
  process.server->loops().front()->on_sweep([&process, server = process.server.get()] {
    const server::Listeners& listeners = server->listeners();
    const std::size_t open =
        listeners.connections(Interface::kHttp) + listeners.connections(Interface::kMqtt);
    if (!process.trim.is_due(open, process.steady.now())) return;
    process.trimming = std::jthread([] { malloc_trim(0); });
  });
}

}  // namespace

Result<net::TlsFiles> certificates_of(const ServeOptions& options) {
  std::vector<std::string> hosts;
  if (!options.public_host.empty()) hosts.push_back(options.public_host);
  return net::own_certificates(options.data, hosts);
}

namespace {

Result<net::TlsFiles> open_listeners(ServeProcess& process, const ServeOptions& options) {
  auto files = certificates_of(options);
  if (!files) return files;
  GL_TRY(const auto tls, net::tls_context(*files));
  GL_TRY(auto listeners, listeners_of(options, tls));
  GL_TRY(auto proxies, trusted_proxies(options));
  GL_TRY(const auto descriptors, descriptors_for_connections());
  server::Server::ListenOptions serving{.listeners = std::move(listeners),
                                        .connections = descriptors,
                                        .trusted_proxies = std::move(proxies)};
  if (process.node) process.node->serve(serving);
  GL_TRY(process.server->listen(std::move(serving)));
  warn_of_replays(options, process);
  trim_after_closing(process);
  return files;
}

std::string reachable(const net::Address& address) {
  return address.host == "0.0.0.0" || address.host == "::" || address.loopback()
             ? fmt::format("localhost:{}", address.port)
             : address.text();
}

}  // namespace

Urls urls_of(const ServeProcess& process) {
  net::Address http = bound(process, Interface::kHttp, Security::kPlain);
  if (http.host == "0.0.0.0") http.host = "127.0.0.1";
  if (http.host == "::") http.host = "::1";
  return {.http = "http://" + http.text(),
          .https = "https://" + reachable(bound(process, Interface::kHttp, Security::kTls)),
          .mqtt = bound(process, Interface::kMqtt, Security::kPlain).text(),
          .mqtts = reachable(bound(process, Interface::kMqtt, Security::kTls))};
}

operations::Context admin_context(ServeProcess& process, const ServeOptions& options) {
  Server& server = *process.server;
  return {.registry = server.registry(),
          .catalog = server.catalog(),
          .archive = server.archive(),
          .clock = process.clock(),
          .data = options.data,
          .sessions = &server.session_store(),
          .series = server.limits().series,
          .time = process.virtual_time ? &*process.virtual_time : nullptr,
          .faults = process.faults.get(),
          .hub = &server.hub(),
          .zone = server.platform().zone,
          .bridges = process.services.bridges,
          .reads = process.node ? process.node->reads() : history::Reads(),
          .cluster = process.node ? &process.cluster : nullptr,
          .lab = options.lab ? &process.lab : nullptr};
}

namespace {

wire::JsonObject facts_of(const ServeProcess& process, const net::TlsFiles& files,
                          const std::filesystem::path& devices) {
  const Urls urls = urls_of(process);
  wire::JsonObject facts{{"http", urls.http},   {"https", urls.https},     {"mqtt", urls.mqtt},
                         {"mqtts", urls.mqtts}, {"ca", files.ca.string()}, {"pid", ::getpid()}};
  if (!devices.empty()) {
    std::error_code ignored;
    facts["devices"] = std::filesystem::absolute(devices, ignored).string();
  }
  if (process.home) {
    facts["accessKey"] = process.home->key().access_key;
    facts["secretKey"] = process.home->key().secret_key.reveal();
    facts["sign_in_link"] = process.sign_in_link.reveal();
  }
  return facts;
}

Status open_admin(ServeProcess& process, const ServeOptions& options) {
  process.faults = std::make_unique<operations::FaultRules>(
      process.server->catalog(), process.clock(),
      [&process](const std::vector<FaultRule>& rules) {  // on a thread that is none of the loops
        process.server->set_faults(rules);
        if (process.home) process.home->set_faults(rules);
      });
  operations::Context context = admin_context(process, options);
  context.sign_in = &process.server->sign_in();
  context.page = urls_of(process).http;
  GL_TRY(auto admin, AdminSocket::open(context));
  process.admin = std::move(admin);
  if (process.services.administration) process.services.administration->open(context);
  return {};
}

}  // namespace

Status put_together(ServeProcess& process, const ServeOptions& options, const TimeOptions& time) {
  GL_TRY(open_server(process, options, time));
  GL_TRY(const auto files, open_listeners(process, options));
  if (options.has_demo()) {
    GL_TRY(auto home, make_virtual_home(process, options));
    process.home = std::move(home);
  }
  const auto directory = process.server->registry().directory();
  GL_TRY(check_bridges(options, directory.get()));
  process.server->start({{"demo", options.has_demo()}});
  if (process.node) {
    GL_TRY(process.node->start(urls_of(process).http));
  }
  if (process.home) {
    GL_TRY(process.home->make_devices());
  }
  GL_TRY(open_admin(process, options));
  if (process.home) {
    process.home->start();
  } else if (process.virtual_time) {
    process.virtual_time->allow_until(TimePoint::max());
  }
  if (process.home) {
    GL_TRY(const auto token, process.server->sign_in().make_link(kDemoAccount));
    process.sign_in_link = Secret(operations::sign_in_link(urls_of(process).http, token.reveal()));
  }
  storage::keep_reserve(options.data);
  wire::JsonObject facts = facts_of(process, files, options.devices);
  if (options.lab) facts["run"] = process.lab.run;
  auto ready = ReadyFile::write(options.data, facts);
  // Scripts wait for the file or for the process's end. A full disk alone must not prevent reading.
  if (!ready && !storage::is_nearly_full(options.data)) return std::unexpected(ready.error());
  if (!ready) {
    spdlog::error("ready.json could not be written, so scripts cannot find this server: {}",
                  ready.error().detail);
  }
  if (ready) process.ready.emplace(std::move(*ready));
  const auto place = [&](Interface interface, Security security) {
    return bound(process, interface, security).text();
  };
  spdlog::info("ready: HTTP {}, HTTPS {}, MQTT {}, MQTTS {}; data in {}",
               place(Interface::kHttp, Security::kPlain), place(Interface::kHttp, Security::kTls),
               place(Interface::kMqtt, Security::kPlain), place(Interface::kMqtt, Security::kTls),
               options.data.string());
  // The last on the screen.
  const bool is_news = process.home && process.lab.run == 1;
  return is_news ? process.home->greet(files) : Status();
}

}  // namespace gridloom::app
