#include "bridges/meter/meter_bridge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "hub/platform/platform.h"

namespace gridloom::bridges::meter {
namespace {

constexpr std::size_t kWaitingTasks = 8;  // in each lane of the worker
constexpr std::chrono::seconds kRetry{5};
// Devices and brokers are read meanwhile.
constexpr std::chrono::seconds kBeginning{5};
constexpr double kAverage_ms = 60'000;

}  // namespace

MeterBridge::MeterBridge(Parts parts, Identity identity, MeterSettings settings)
    : parts_(std::move(parts)),
      identity_(std::move(identity)),
      settings_(std::move(settings)),
      worker_({kWaitingTasks, kWaitingTasks}) {}

MeterBridge::~MeterBridge() { stop(); }

void MeterBridge::start() {
  started_ = Steady::now();
  counted_ = parts_.hub.platform().clock.now();
  book_.emplace(parts_.hub, parts_.loop, identity_.account,
                static_cast<DeviceBook::Listener&>(*this));
  std::size_t sources = 0;
  const auto next_parts = [&] {
    return SourceParts{.parts = parts_,
                       .identity = identity_,
                       .book = *book_,
                       .worker = worker_,
                       .client_id = fmt::format("{}-{}", identity_.client_id, ++sources),
                       .max_age = settings_.max_age,
                       .user = settings_.user,
                       .password = settings_.password};
  };
  source_ = make_source(settings_.source, next_parts());
  phases_.reserve(settings_.phases.size());
  for (const SourceSpec& phase : settings_.phases) {
    phases_.push_back(make_source(phase, next_parts()));
  }
  if (!settings_.group.empty()) {
    group_ = Group::join(parts_.loop, identity_.account, settings_.group);
    member_ = group_->shares().add(
        settings_.share, settings_.own ? Shares::Output::kReported : Shares::Output::kEstimated);
    if (settings_.own) own_ = make_output_source(*settings_.own, next_parts());
  }
  energies_.emplace(EnergyFile::Options{.folder = identity_.folder,
                                        .worker = &worker_,
                                        .loop = &parts_.loop,
                                        .health = identity_.health});
  open_server();
}

void MeterBridge::stop() {
  if (!book_) return;
  server_.reset();
  if (group_) group_->shares().remove(member_);
  group_.reset();
  energies_->end();
  phases_.clear();
  own_.reset();
  source_.reset();
  book_.reset();
}

void MeterBridge::open_server() {
  const std::string serial =
      settings_.serial.empty() ? serial_of(identity_.name) : settings_.serial;
  auto server = MeterServer::open({.model = settings_.model,
                                   .serial = serial,
                                   .listen = settings_.listen,
                                   .udp = settings_.udp,
                                   .announce = settings_.announce,
                                   .display = &display_,
                                   .health = identity_.health});
  retry_at_ = Steady::now() + kRetry;
  if (!server) return identity_.health->failing(server.error().detail);
  server_ = *std::move(server);
  why_.clear();
  identity_.health->set_figure("port", server_->http().port);
}

void MeterBridge::tick() {
  if (!book_) return;
  if (!server_ && Steady::now() >= retry_at_) open_server();
  book_->tick();
  source_->tick();
  if (own_) own_->tick();
  for (const auto& phase : phases_) phase->tick();
  update();
  energies_->tick();
}

void MeterBridge::registry_changed() {
  if (book_) book_->registry_changed();
}

void MeterBridge::on_removed(const std::string& sn) {
  if (source_->uses(sn) || (own_ && own_->uses(sn))) update();
}

void MeterBridge::on_values(const BookDevice& device, std::span<const std::size_t> /*slots*/) {
  update_for(device);
}

void MeterBridge::update_for(const BookDevice& device) {
  if (source_->uses(device.sn()) || (own_ && own_->uses(device.sn()))) update();
}

void MeterBridge::update() {
  const Result<double> power = read_power();
  add_to_counts(power ? std::optional(*power) : std::nullopt);
  display_.show(power ? reading_of(*power) : std::nullopt);
  tell_health(power);
}

Result<double> MeterBridge::read_power() {
  auto grid_w = source_->power_w();
  if (!group_) return grid_w;
  Shares& shares = group_->shares();
  if (own_) {
    const auto gives_w = own_->power_w();
    shares.set_output(member_, gives_w ? std::optional(*gives_w) : std::nullopt);
    if (!gives_w) return gives_w;
  }
  if (!grid_w) return grid_w;
  group_->advance(*grid_w, parts_.hub.platform().clock.now());
  const auto reading_w = shares.reading_w(member_, *grid_w);
  if (reading_w) return *reading_w;
  return fail(ErrorCode::kNotFound, "what another battery of the group gives is not known");
}

// The power was what it was since the last look, and is another one from now on.
void MeterBridge::add_to_counts(std::optional<double> power_w) {
  const TimePoint now = parts_.hub.platform().clock.now();
  const auto dt = std::chrono::duration_cast<Millis>(now - std::exchange(counted_, now));
  EnergyCount* const count = energies_->count();
  if (power_w_ && count != nullptr) count->add(*power_w_, dt);
  if (!power_w) {
    average_w_.reset();
  } else {
    const double part =
        1 - std::exp(-static_cast<double>(std::max(dt, Millis(0)).count()) / kAverage_ms);
    const double before_w = average_w_.value_or(*power_w);
    average_w_ = before_w + part * (*power_w - before_w);
  }
  power_w_ = power_w;
}

std::optional<Reading> MeterBridge::reading_of(double power_w) {
  const EnergyCount* const count = energies_->count();
  if (count == nullptr) return std::nullopt;
  const Energies energies = count->shown();
  Reading reading{.power_w = power_w,
                  .average_w = average_w_.value_or(power_w),
                  .in_wh = energies.in_wh,
                  .out_wh = energies.out_wh};
  std::array<double, 3> phases_w{};
  for (std::size_t k = 0; k < phases_.size(); ++k) {
    const auto phase_w = phases_[k]->power_w();
    if (!phase_w) return reading;
    phases_w.at(k) = *phase_w;
  }
  if (!phases_.empty()) reading.phases_w = phases_w;
  return reading;
}

void MeterBridge::tell_health(const Result<double>& power) {
  if (!server_) return;
  Health& health = *identity_.health;
  if (power) {
    why_.clear();
    health.set_figure("power_w", std::llround(*power));
    return health.connected();
  }
  health.clear_figure("power_w");
  if (Steady::now() - started_ < kBeginning) return;
  if (std::exchange(why_, power.error().detail) == power.error().detail) return;
  health.failing("its power is not known: " + why_);
}

}  // namespace gridloom::bridges::meter
