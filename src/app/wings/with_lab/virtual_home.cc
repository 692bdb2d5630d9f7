// The demo home of a server, and the past that its devices live before it takes requests.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <future>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "app/process/local_zone.h"
#include "app/process/process.h"
#include "app/process/progress.h"
#include "app/serve_process.h"
#include "app/virtual_home.h"
#include "history/blocks/block.h"
#include "net/io_loop.h"
#include "sim/fleet.h"
#include "sim/model.h"
#include "sim/world_file.h"
#include "time/grammar.h"
#include "time/iso_text.h"
#include "with_lab/demo.h"
#include "with_lab/last_states.h"
#include "with_lab/welcome.h"

namespace gridloom::app {
namespace {

using server::Interface;
using server::Security;

// Values between these reports are known. The last half day has more, which plots show in detail.
constexpr Millis kPastReports{history::kLongestGap_ms};
constexpr Millis kDensePast = std::chrono::hours(12);

Result<std::shared_ptr<const sim::WorldFile>> world_file(const ServeOptions& options) {
  if (options.world.empty()) return nullptr;
  auto file = sim::WorldFile::read(options.world, local_zone().zone);
  if (!file) return fail(file.error().code, "--world: " + file.error().detail);
  return file;
}

class Demo final : public VirtualHome {
 public:
  Demo(ServeProcess& process, const ServeOptions& options, DemoHome home)
      : process_(process), options_(options), home_(std::move(home)) {}
  ~Demo() override {
    if (loop_) loop_->stop();
    fleet_.reset();
  }
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  Status make_devices() override {
    GL_TRY(find_last_states());
    return make_fleet({});
  }
  void start() override {
    loop_->start();
    fleet_->start();
  }
  void set_faults(const std::vector<FaultRule>& rules) override {
    if (!fleet_) return;
    std::promise<void> done;
    loop_->post([&] {
      fleet_->set_faults(rules);
      done.set_value();
    });
    done.get_future().wait();
  }
  [[nodiscard]] const registry::AccessKey& key() const override { return home_.key; }
  [[nodiscard]] Status greet(const net::TlsFiles& files) const override;

  // Makes the devices, to live a past. They skip the part of it that all of them have lived already
  // in another server.
  Status make_devices_of(const Past& past) {
    GL_TRY(find_last_states());
    TimePoint lived = TimePoint::max();
    for (const sim::Member& member : home_.members) {
      lived = std::min(lived, member.last ? member.last->at.value_or(TimePoint()) : TimePoint());
    }
    process_.virtual_time->skip_to(lived);
    return make_fleet({{.apart = kPastReports, .sparse_until = past.to - kDensePast}});
  }

 private:
  Status find_last_states();
  Status make_fleet(std::optional<sim::Fleet::Options::Past> past);

  ServeProcess& process_;
  const ServeOptions& options_;
  DemoHome home_;
  std::unique_ptr<net::IoLoop> loop_;
  std::unique_ptr<sim::Fleet> fleet_;
};

Status Demo::find_last_states() {
  std::vector<sim::Member>& members = home_.members;
  const operations::Context context = admin_context(process_, options_);
  for (std::size_t first = 0; first < members.size(); first += operations::kMaxStatesAtOnce) {
    const std::span some(members.begin() + static_cast<std::ptrdiff_t>(first),
                         std::min(operations::kMaxStatesAtOnce, members.size() - first));
    std::vector<std::string> sns;
    for (const sim::Member& member : some) sns.push_back(member.sn);
    GL_TRY(auto states, operations::last_states(context, sns));
    for (std::size_t i = 0; i < some.size(); ++i) some[i].last = std::move(states[i]);
  }
  return {};
}

Status Demo::make_fleet(std::optional<sim::Fleet::Options::Past> past) {
  const std::vector<sim::Member>& members = home_.members;
  const auto resumed = std::ranges::count_if(
      members, [](const sim::Member& member) { return member.last != nullptr; });
  spdlog::info("{} of {} virtual devices go on where they were", resumed, members.size());
  GL_TRY(auto file, world_file(options_));
  const sim::World::Options world{.zone = process_.server->platform().zone,
                                  .file = std::move(file)};
  for (sim::SiteOptions& site : home_.sites) {
    site.world.zone = world.zone;
    site.world.file = world.file;
  }
  std::vector<std::string> sns;
  sns.reserve(members.size());
  for (const sim::Member& member : members) sns.push_back(member.sn);
  process_.server->platform().client_events.set_own(std::move(sns));
  loop_ = std::make_unique<net::IoLoop>();
  const net::Address& mqtt = bound(process_, Interface::kMqtt, Security::kPlain);
  const bool any = mqtt.host == "0.0.0.0" || mqtt.host == "::";
  fleet_ = std::make_unique<sim::Fleet>(
      sim::Fleet::Options{
          .server = client::peer_at({.host = any ? "127.0.0.1" : mqtt.host, .port = mqtt.port}),
          .world = world,
          .sites = home_.sites,
          .keep =
              [data = options_.data](const std::string& sn, const wire::JsonObject& unreported) {
                operations::keep_unreported(data, sn, unreported);
              },
          .clock = &process_.clock(),
          .time = process_.virtual_time ? &*process_.virtual_time : nullptr,
          .past = past,
          .loop = loop_.get()},
      home_.members);
  loop_->on_sweep([fleet = fleet_.get()] { fleet->tick(); });
  return {};
}

Status Demo::greet(const net::TlsFiles& files) const {
  const auto directory = process_.server->registry().directory();
  const registry::Account* account = directory->find_account(home_.key.account);
  if (account == nullptr || home_.members.empty()) return {};
  const Urls urls = urls_of(process_);
  const std::filesystem::path& data = options_.data;
  return print_welcome({.http = urls.http,
                        .https = urls.https,
                        .mqtt = urls.mqtt,
                        .mqtts = urls.mqtts,
                        .ca = files.ca.string(),
                        .keys = data / "ready.json",
                        .sign_in_link = process_.sign_in_link,
                        .device = device_to_try(home_.members),
                        .program = program_name(),
                        .data = data == std::filesystem::path("data") ? "" : data.string(),
                        .now = process_.clock().now()},
                       home_.key, *account);
}

Result<std::unique_ptr<Demo>> make_demo(ServeProcess& process, const ServeOptions& options) {
  GL_TRY(auto home, demo_home(process.server->registry(), process.server->catalog(),
                              {.home = options.home_id(), .groups = options.demo_home}));
  return std::make_unique<Demo>(process, options, std::move(home));
}

// Opens a server whose devices live their past, and that nobody else can reach.
Status begin_to_live(ServeProcess& process, const ServeOptions& options, const Past& past) {
  const VirtualClock::Options time{
      .start = past.from, .speed = VirtualClock::kFastest, .until = past.to};
  GL_TRY(open_server(process, options, time));
  GL_TRY(begin_past(options.data, past));
  const net::Address any_port{.host = "127.0.0.1", .port = 0};
  GL_TRY(process.server->listen(
      {.listeners = {{.interface = Interface::kMqtt, .address = any_port}}}));
  GL_TRY(auto demo, make_demo(process, options));
  Demo& home = *demo;
  process.home = std::move(demo);
  const auto directory = process.server->registry().directory();
  GL_TRY(check_bridges(options, directory.get()));
  process.server->start({{"demo", true}});
  return home.make_devices_of(past);
}

}  // namespace

Result<std::unique_ptr<VirtualHome>> make_virtual_home(ServeProcess& process,
                                                       const ServeOptions& options) {
  return make_demo(process, options);
}

Status check_virtual_home(const ServeOptions& options, const catalog::Catalog& catalog) {
  GL_TRY(world_file(options));
  return check_demo(catalog, {.home = options.home_id(), .groups = options.demo_home});
}

Result<int> live_past(const ServeOptions& options, const Past& past,
                      std::shared_ptr<const catalog::Catalog> catalog, const sigset_t& signals) {
  ServeProcess process;
  process.catalog = std::move(catalog);
  GL_TRY(begin_to_live(process, options, past));
  const time::TimeZone& zone = process.server->platform().zone;
  const std::string length = time::rounded_span_text(past.to - past.from);
  spdlog::info("the devices live the {} before their start first", length);
  process.home->start();
  Progress progress;
  constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 100'000'000};
  int signal = -1;
  for (;;) {
    signal = sigtimedwait(&signals, nullptr, &kLook);
    const VirtualClock::State at = process.virtual_time->state();
    if (signal > 0 || (at.paused && at.settled)) break;
    if (const std::string why = process.server->archive().failing(); !why.empty()) {
      return fail(ErrorCode::kIo, "the devices' past cannot be stored: " + why);
    }
    progress.show((at.now - past.from) / (1.0 * (past.to - past.from)),
                  "history " + time::clock_text(at.now, zone));
  }
  progress.end();
  process.server->stop(signal > 0 ? wire::JsonObject{{"signal", signal}} : wire::JsonObject());
  if (signal > 0) return signal;
  spdlog::info("the devices have {} of history", length);
  GL_TRY(end_past(options.data));
  return 0;
}

Status check_model(const catalog::FamilyPtr& family) { return sim::check_model(family); }

}  // namespace gridloom::app
