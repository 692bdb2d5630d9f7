// The homes of a server's accounts, and Gridloom's own interface to them: what a server is given to
// have /api/v1, the live stream and the page.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "home/event_log.h"
#include "home/home_services.h"
#include "own_api/live/live_feed.h"
#include "own_api/page/page.h"
#include "own_api/services/services.h"
#include "server/service.h"

namespace gridloom::api {

class OwnService final : public server::Service {
 public:
  struct Options {
    home::EventLog::Writes events = home::EventLog::Writes::kAll;
    PageFiles page{};                          // of the dashboard
    std::vector<std::string> frame_origins{};  // as in Page::Options
    LiveLimits live{};
    std::size_t metrics_fields = kHomeMetricsFields;
    Administration* administration = nullptr;  // outlives the server; null: none over HTTP
    ListBridges bridges{};                     // empty: there are none
  };
  OwnService(const server::ServiceParts& parts, Options options);

  [[nodiscard]] Status restore() override { return home_.start(); }
  void tick() override { home_.tick(); }
  void stop() override { home_.stop(); }
  [[nodiscard]] std::unique_ptr<Routes> routes(Loop& loop, Gate& gate) override;

  [[nodiscard]] home::HomeServices& home() { return home_; }

 private:
  home::HomeServices home_;
  const Page page_;
  LiveFeed live_;
  const Services services_;
};

}  // namespace gridloom::api
