// The services of a server as `gridloom serve` has them: the homes of its accounts with Gridloom's
// own interface, and bridges. A build may leave out the wings that have them: with_home and
// with_bridges below app/wings make them, no_home and no_bridges say that they are missing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/limits.h"
#include "app/operations/context.h"
#include "app/options.h"
#include "base/ids.h"
#include "base/result.h"
#include "registry/directory.h"
#include "server/service.h"

namespace gridloom::api {
class OwnService;
namespace body {
struct Bridge;
}
}  // namespace gridloom::api

namespace gridloom::app {

// Operations of administration over HTTP. Any thread.
class HttpAdministration {
 public:
  HttpAdministration() = default;
  HttpAdministration(const HttpAdministration&) = delete;
  HttpAdministration& operator=(const HttpAdministration&) = delete;
  virtual ~HttpAdministration() = default;

  // Requests are answered from now on; before, they are refused. All objects that `context` refers
  // to must outlive the next close().
  virtual void open(const operations::Context& context) = 0;
  // Refuses further requests, interrupts those that wait, and returns once all have been answered.
  virtual void close() = 0;
};

// The parts that wings have of a server, as long as it lives; null before it is opened, and without
// the wing.
struct ServicesMade {
  api::OwnService* own = nullptr;
  bridges::Bridges* bridges = nullptr;
  // The bridges of an account, as /api/v1 lists them; empty: there are none.
  std::function<std::vector<api::body::Bridge>(AccountId account)> list_bridges{};
  std::unique_ptr<HttpAdministration> administration{};
};

struct ServicesAsked {
  const ServeOptions& options;
  const Limits& limits;
  // The door of a cluster: its slots write the events, and it says where bridges run.
  bool is_door = false;
};

// Adds what makes the service; the one of homes comes first. `made` outlives the server. The errors
// of the options that the wing reads name the option.
[[nodiscard]] Status add_home_service(const ServicesAsked& asked, ServicesMade& made,
                                      std::vector<server::MakeService>& all);
[[nodiscard]] Status add_bridges_service(const ServicesAsked& asked, ServicesMade& made,
                                         std::vector<server::MakeService>& all);

// Whether the page of the options can be read, and the pages are origins that may show it.
[[nodiscard]] Status check_page(const ServeOptions& options);
// Whether `--bridge` is as it should be; errors of the files of secrets.
[[nodiscard]] Status check_bridges(const ServeOptions& options);
// And whether the accounts that they name exist, and their names are free; `directory` is null of a
// data folder that is still to be made. kNotFound, kConflict.
[[nodiscard]] Status check_bridges(const ServeOptions& options,
                                   const registry::Directory* directory);

// The homes of a server without an interface and bridges: of a slot of a cluster, which writes the
// events of its own devices, or of a scenario.
enum class EventsOf : std::uint8_t { kAllDevices, kOwnDevices };
[[nodiscard]] std::vector<server::MakeService> homes_only(EventsOf of);

// Says which node of a cluster runs the bridges. Once the server is opened.
void place_bridges(const ServicesMade& made, const std::string& node, bool is_here);

}  // namespace gridloom::app
