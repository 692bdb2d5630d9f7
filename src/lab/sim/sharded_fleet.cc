#include "sim/sharded_fleet.h"

#include <algorithm>
#include <future>

namespace gridloom::sim {

ShardedFleet::ShardedFleet(const Fleet::Options& options, const std::vector<Member>& members,
                           std::size_t threads) {
  std::size_t count = std::min(threads, std::max<std::size_t>(members.size(), 1));
  if (options.gateway) count = std::min(count, options.gateway->connections);
  std::vector<std::vector<Member>> shares(count);
  // A site's devices step together.
  for (std::size_t i = 0; i < members.size(); ++i) {
    shares[members[i].site.value_or(i) % count].push_back(members[i]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    Fleet::Options share = options;
    share.sign_ins_per_second /= static_cast<double>(count);
    if (share.gateway) {
      const std::size_t all = options.gateway->connections;
      share.gateway->connections = all / count + (i < all % count ? 1 : 0);
    }
    auto loop = std::make_unique<net::IoLoop>();
    share.loop = loop.get();
    auto fleet = std::make_unique<Fleet>(share, shares[i]);
    loop->on_sweep([fleet = fleet.get()] { fleet->tick(); });
    workers_.push_back({.loop = std::move(loop), .fleet = std::move(fleet)});
  }
}

ShardedFleet::~ShardedFleet() { stop(); }

void ShardedFleet::start() {
  for (const Worker& worker : workers_) {
    worker.loop->start();
    worker.fleet->start();
  }
}

void ShardedFleet::set_faults(const std::vector<FaultRule>& rules) {
  for (const Worker& worker : workers_) {
    worker.loop->post([fleet = worker.fleet.get(), rules] { fleet->set_faults(rules); });
  }
}

Fleet::Counts ShardedFleet::counts() {
  std::vector<std::future<Fleet::Counts>> asked;
  for (const Worker& worker : workers_) {
    std::promise<Fleet::Counts> answer;
    asked.push_back(answer.get_future());
    worker.loop->post([fleet = worker.fleet.get(), answer = std::move(answer)]() mutable {
      answer.set_value(fleet->counts());
    });
  }
  Fleet::Counts all;
  for (auto& each : asked) all.merge(each.get());
  return all;
}

void ShardedFleet::stop() {
  for (const Worker& worker : workers_) worker.loop->stop();
  workers_.clear();
}

}  // namespace gridloom::sim
