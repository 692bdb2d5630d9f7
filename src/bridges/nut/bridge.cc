#include "bridges/nut/bridge.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/device_book.h"
#include "bridges/core/health.h"
#include "bridges/core/waiting.h"
#include "bridges/nut/session.h"
#include "bridges/nut/ups.h"
#include "net/address.h"
#include "net/io_loop.h"
#include "net/listener.h"

namespace gridloom::bridges::nut {
namespace {

using parameters::Parameter;
using parameters::Type;

constexpr std::string_view kListen = "127.0.0.1:3493";

constexpr std::array<Parameter, 6> kSettings = {{
    {.name = "listen", .text = "Address to listen on, ADDR:PORT; without it 127.0.0.1:3493"},
    {.name = "devices",
     .text = "Devices that are shown, by serial number or name; without them all with a battery",
     .type = Type::kTexts,
     .most_items = 1024},
    {.name = "low-battery",
     .text = "Charge in percent from which the battery is low; without it 20",
     .type = Type::kNumber,
     .most = 100},
    {.name = "low-runtime",
     .text = "Seconds until empty from which the battery is low; without it 300",
     .type = Type::kInteger,
     .most = 86'400},
    {.name = "user", .text = "User of upsmon; without it nobody can sign in, and upsc still reads"},
    {.name = "password", .text = "Password of the user", .type = Type::kSecret},
}};

}  // namespace

std::span<const Parameter> nut_parameters() { return kSettings; }

Result<NutSettings> nut_settings(const parameters::Arguments& arguments) {
  const std::string listen = arguments.text("listen");
  auto address = net::parse_address(listen.empty() ? kListen : std::string_view(listen));
  if (!address) {
    return fail(ErrorCode::kBadParams, fmt::format("listen: {}", address.error().detail));
  }
  if (arguments.text("user").empty() != arguments.text("password").empty()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is missing: must be given, because the other one is",
                            arguments.text("user").empty() ? "user" : "password"));
  }
  Thresholds thresholds;
  thresholds.charge_percent = arguments.number("low-battery").value_or(thresholds.charge_percent);
  thresholds.runtime =
      std::chrono::seconds(arguments.integer("low-runtime").value_or(thresholds.runtime.count()));
  return NutSettings{.listen = std::move(*address),
                     .selection = Selection(arguments.texts("devices"), {}),
                     .thresholds = thresholds,
                     .user = arguments.text("user"),
                     .password = Secret(arguments.text("password"))};
}

namespace {

// The server of Network UPS Tools' protocol. It has a loop and a thread of its own, so that a flood
// of requests costs the bridges nothing. Thread rule: the owner's thread, which is not that loop.
class Server {
 public:
  struct Options {
    net::Address listen;
    Clients::Options clients;
  };
  // Binds the address, and serves from now on. kConflict: the port is in use; kIo.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(const Options& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Ends all connections.
  ~Server();

  // With the port that was bound.
  [[nodiscard]] const net::Address& address() const { return listener_->bound(); }

 private:
  explicit Server(Clients::Options clients) : clients_(std::move(clients)) {}

  SteadyClock clock_;
  Clients clients_;
  net::IoLoop loop_;
  std::unique_ptr<net::Listener> listener_;
};

net::ListenerLimits limits() {
  net::ListenerLimits limits;
  limits.connections = 256;
  limits.connections_per_address = 32;
  limits.unsent_bytes = std::size_t{256} * 1024;
  // A client that does not read costs few answers.
  limits.read_on_bytes = std::size_t{16} * 1024;
  limits.kernel_unsent_bytes = std::size_t{4} * 1024;
  limits.unsent_time = Millis(10'000);
  return limits;
}

Result<std::unique_ptr<Server>> Server::open(const Options& options) {
  std::unique_ptr<Server> server(new Server(options.clients));
  Server* const self = server.get();
  GL_TRY(auto listener, net::Listener::open({.address = options.listen,
                                             .tls = nullptr,
                                             .make =
                                                 [self](net::ConnectionContext context) {
                                                   return std::make_shared<Session>(
                                                       std::move(context), self->clients_,
                                                       self->clock_.now());
                                                 },
                                             .clock = &self->clock_,
                                             .limits = limits()},
                                            {&self->loop_}));
  server->listener_ = std::move(listener);
  server->loop_.start();
  server->listener_->start();
  return server;
}

Server::~Server() {
  if (!listener_) return;  // open() failed
  run_off_loop([this] {
    listener_->stop();
    loop_.stop();
  });
}

}  // namespace

}  // namespace gridloom::bridges::nut

namespace gridloom::bridges {

namespace {

using Steady = std::chrono::steady_clock;

// Before the address is bound again.
constexpr std::chrono::seconds kRetry{5};

// Shows the batteries of the account to clients of Network UPS Tools.
class NutBridge final : public Bridge, private DeviceBook::Listener {
 public:
  NutBridge(Parts parts, Identity identity, nut::NutSettings settings)
      : parts_(std::move(parts)), identity_(std::move(identity)), settings_(std::move(settings)) {}

  void start() override {
    DeviceBook::Listener& listener = *this;
    book_.emplace(parts_.hub, parts_.loop, identity_.account, listener);
    listen();
  }

  void stop() override {
    server_.reset();
    book_.reset();
  }

  void tick() override {
    if (book_) book_->tick();
    if (!server_ && Steady::now() >= listen_again_) listen();
    show();
  }

  void registry_changed() override {
    if (book_) book_->registry_changed();
  }

 private:
  void listen() {
    listen_again_ = Steady::now() + kRetry;
    auto opened =
        nut::Server::open({.listen = settings_.listen,
                           .clients = {.user = settings_.user,
                                       .password = settings_.password,
                                       .board = &board_,
                                       .health = identity_.health,
                                       .name = "bridge " + identity_.name,
                                       .failures = parts_.failures,
                                       .audit = [this](const hub::AccessEvent& event) {
                                         parts_.hub.record_access(identity_.account, event);
                                       }}});
    if (!opened) return identity_.health->failing(opened.error().detail);
    server_ = std::move(*opened);
    identity_.health->set_figure("port", server_->address().port);
    identity_.health->connected();
  }

  void on_device(const BookDevice& device) override { changed_.insert(device.sn()); }
  void on_removed(const std::string& sn) override { changed_.insert(sn); }
  void on_values(const BookDevice& device, std::span<const std::size_t> /*slots*/) override {
    changed_.insert(device.sn());
  }
  void on_state(const BookDevice& device) override { changed_.insert(device.sn()); }

  // Shows the devices with news, a few times a second however many come.
  void show() {
    if (changed_.empty()) return;
    for (const std::string& sn : std::exchange(changed_, {})) {
      const BookDevice* device = book_->find(sn);
      const bool is_shown = device != nullptr && nut::can_be_ups(device->family()) &&
                            settings_.selection.has_device(sn, device->name());
      if (is_shown) {
        by_sn_[sn] = std::make_shared<const nut::Ups>(nut::ups_of(*device, settings_.thresholds));
      } else {
        by_sn_.erase(sn);
      }
    }
    std::map<std::string, int> devices_of_alias;
    for (const auto& [sn, ups] : by_sn_) ++devices_of_alias[ups->alias];
    auto all = std::make_shared<nut::UpsMap>(by_sn_);
    for (const auto& [sn, ups] : by_sn_) {
      if (!ups->alias.empty() && devices_of_alias[ups->alias] == 1) all->emplace(ups->alias, ups);
    }
    board_.show(std::move(all));
  }

  const Parts parts_;
  const Identity identity_;
  const nut::NutSettings settings_;
  nut::UpsBoard board_;
  std::unique_ptr<nut::Server> server_;
  std::optional<DeviceBook> book_;
  std::set<std::string> changed_;  // devices with news
  nut::UpsMap by_sn_;
  Steady::time_point listen_again_;
};

Status check(const parameters::Arguments& arguments) {
  const auto settings = nut::nut_settings(arguments);
  return settings ? Status() : std::unexpected(settings.error());
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity,
                             const parameters::Arguments& arguments) {
  auto settings = nut::nut_settings(arguments);
  if (!settings) return nullptr;  // they were checked
  return std::make_unique<NutBridge>(parts, std::move(identity), std::move(*settings));
}

}  // namespace

const BridgeKind& nut_kind() {
  static const BridgeKind kKind{
      .name = "nut",
      .example = "--listen 127.0.0.1:3493",
      .text = "Serves batteries as UPSs to clients of Network UPS Tools, such as upsmon",
      .settings = nut::nut_parameters(),
      .selects_devices = true,
      .check = check,
      .make = make};
  return kKind;
}

}  // namespace gridloom::bridges
