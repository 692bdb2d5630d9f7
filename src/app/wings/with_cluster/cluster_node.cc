// A node of a cluster, as `gridloom serve --cluster` puts it together.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>

#include "app/cluster_node.h"
#include "app/process/local_zone.h"
#include "app/process/version.h"
#include "base/partition.h"
#include "nats/settings.h"
#include "net/address.h"
#include "node/node.h"
#include "node/node_health.h"
#include "ownership/node_id.h"

namespace gridloom::app {
namespace {

constexpr std::int64_t kMegabyte = std::int64_t{1024} * 1024;

// The host's name without its domain, with '-' in place of what a node's name may not have.
std::string name_of_host() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "node";
  std::string name(std::string_view(host.data()).substr(0, cluster::kLongestNodeName));
  name = name.substr(0, name.find('.'));
  for (char& letter : name) {
    if (!cluster::check_node_name(std::string_view(&letter, 1))) letter = '-';
  }
  return name.empty() ? "node" : name;
}

Status check_numbers(const ClusterChoice& cluster) {
  if (cluster.slots < 1 || cluster.slots > kPartitions) {
    return fail(ErrorCode::kBadParams,
                fmt::format("--cluster-slots: {} is not 1 to {}", cluster.slots, kPartitions));
  }
  if (cluster.replicas < 1 || cluster.replicas > 5) {
    return fail(ErrorCode::kBadParams,
                fmt::format("--cluster-replicas: {} is not 1 to 5", cluster.replicas));
  }
  if (cluster.log_mb < 64) {
    return fail(ErrorCode::kBadParams,
                fmt::format("--cluster-log-mb: {} is less than 64", cluster.log_mb));
  }
  return {};
}

// The messages between nodes must not reach other machines in clear, and not everybody there may
// take part.
Status check_nats(const ServeOptions& options, const nats::ConnectionSettings& nats) {
  const auto is_here = [](const std::string& url) {
    const auto address = net::parse_address(url.substr(url.find("://") + 3));
    return address && address->loopback();
  };
  const bool is_checked =
      !nats.user().empty() || !nats.credentials_file().empty() || !nats.key_file().empty();
  if ((nats.has_tls() && is_checked) || options.insecure_plain ||
      std::ranges::all_of(nats.urls(), is_here)) {
    return {};
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("--cluster {} would {}: use {}, or --insecure-plain if the network is "
                          "trusted",
                          options.cluster.urls,
                          nats.has_tls() ? "let anybody speak on the bus of the nodes"
                                         : "send reports unencrypted to other machines",
                          nats.has_tls() ? "--cluster-user, --cluster-credentials-file or "
                                           "--cluster-certificate-file"
                                         : "tls://, and --cluster-user or the like"));
}

Result<node::Node::Options> cluster_options(const ServeOptions& options,
                                            const server::Server::Clocks& clocks) {
  const ClusterChoice& cluster = options.cluster;
  if (options.database.empty()) {
    return fail(ErrorCode::kBadParams,
                "--cluster needs --database: the nodes of a cluster share one");
  }
  if (options.has_demo() || !options.past.empty()) {
    return fail(ErrorCode::kBadParams,
                "--cluster excludes --demo and --home: run the home beside it with `gridloom "
                "simulate`");
  }
  GL_TRY(check_numbers(cluster));
  auto nats = nats::ConnectionSettings::parse({.urls = cluster.urls,
                                               .user = cluster.user,
                                               .password_file = cluster.password_file,
                                               .credentials_file = cluster.credentials_file,
                                               .ca_file = cluster.ca_file,
                                               .certificate_file = cluster.certificate_file,
                                               .key_file = cluster.key_file});
  if (!nats) return fail(nats.error().code, "--cluster: " + nats.error().detail);
  GL_TRY(check_nats(options, *nats));
  const std::string name = cluster.node.empty() ? name_of_host() : cluster.node;
  if (Status good = cluster::check_node_name(name); !good) {
    return fail(ErrorCode::kBadParams, fmt::format("--cluster-node: {}", good.error().detail));
  }
  return node::Node::Options{
      .data = options.data,
      .database = {.url = options.database, .password_file = options.database_password_file},
      .nats = std::move(*nats),
      .name = name,
      .slots = cluster.slots,
      .replicas = cluster.replicas,
      .log_bytes = cluster.log_mb * kMegabyte,
      .has_copies = cluster.durable == "both",
      .clocks = clocks,
      .version = std::string(version())};
}

class NodeOfCluster final : public ClusterNode {
 public:
  explicit NodeOfCluster(std::unique_ptr<node::Node> node) : node_(std::move(node)) {}

  [[nodiscard]] std::unique_ptr<server::Stores> stores_of_door() const override {
    return node_->stores_of_door();
  }
  history::Reads reads() override { return node_->reads(); }
  void join(server::Server& door) override { node_->join(door); }
  void serve(server::Server::ListenOptions& options) override {
    options.mqtt_protocol = node_->mqtt_protocol();
    options.metrics = [this](const std::string& own) { return node_->metrics(own); };
    options.health = [this](const api::Health& own) {
      return node::health_with_cluster(own, node_->health());
    };
  }
  Status start(const std::string& address) override { return node_->start(address); }
  bool leave() override { return node_->drain(kLongestDrain, node::Then::kLeaves); }
  void end() override { node_->end(); }
  operations::RunningNode operations() override {
    return {.name = node_->health().self.name,
            .status =
                [this] {
                  const node::NodeHealth health = node_->health();
                  return node::status_of(health, node::ask_nats_servers(health.nats_urls));
                },
            .drain = [this] { return node_->drain(kLongestDrain, node::Then::kStays); },
            .remove = [this](const std::string& other) { return node_->remove(other); }};
  }

 private:
  const std::unique_ptr<node::Node> node_;
};

}  // namespace

Result<std::unique_ptr<ClusterNode>> open_cluster_node(const ServeOptions& options,
                                                       const ClusterNodeParts& parts) {
  GL_TRY(auto of_node, cluster_options(options, parts.clocks));
  of_node.catalog = parts.catalog;
  of_node.limits = parts.limits;
  of_node.zone = local_zone().zone;
  of_node.zone_name = local_zone().name;
  of_node.strictness = options.strict ? server::Strictness::kStrict : server::Strictness::kRelaxed;
  of_node.services_of_slot = [] { return homes_only(EventsOf::kOwnDevices); };
  of_node.on_bridges_placed = [&made = parts.services](const std::string& node, bool is_here) {
    place_bridges(made, node, is_here);
  };
  of_node.on_refused = [](const Error& why) {
    spdlog::error("{}", why.detail);
    ::kill(::getpid(), SIGTERM);
  };
  GL_TRY(auto node, node::Node::open(std::move(of_node)));
  return std::make_unique<NodeOfCluster>(std::move(node));
}

Status check_cluster(const ServeOptions& options) {
  const SystemClock wall;
  const SteadyClock steady;
  const auto checked = cluster_options(options, {.devices = wall, .wall = wall, .steady = steady});
  return checked ? Status() : std::unexpected(checked.error());
}

}  // namespace gridloom::app
