#include "app/cluster_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "app/network_options.h"
#include "app/process/version.h"
#include "base/partition.h"
#include "nats/settings.h"
#include "ownership/node.h"

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

}  // namespace

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

Status check_cluster(const ServeOptions& options) {
  if (!options.cluster.is_given()) return {};
  const SystemClock wall;
  const SteadyClock steady;
  const auto checked = cluster_options(options, {.devices = wall, .wall = wall, .steady = steady});
  return checked ? Status() : std::unexpected(checked.error());
}

}  // namespace gridloom::app
