#include "home/home_charges.h"

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "overview/overview.h"

namespace gridloom::home {

class HomeCharges::DeviceSteps final : public history::SeriesSink {
 public:
  // The bounds outlive it.
  DeviceSteps(std::span<const std::int64_t> bounds, double scale)
      : bounds_(bounds), scale_(scale), steps_(bounds.size() - 1) {}

  void begin(const std::vector<std::string>& /*fields*/) override {}
  void begin_field(std::string_view /*name*/) override {}
  void add_points(std::span<const history::SeriesPoint> points) override {
    for (const history::SeriesPoint& point : points) {
      // The first step may begin within the series' own, which begins at its usual time.
      const std::int64_t at_ms = std::max(point.at_ms, bounds_.front());
      const auto next = std::ranges::upper_bound(bounds_, at_ms);
      if (!point.number || next == bounds_.end()) continue;
      const auto step = static_cast<std::size_t>(next - bounds_.begin()) - 1;
      steps_[step].add(*point.number * scale_);
    }
  }
  void end_field() override {}
  void add_row(std::int64_t /*at_ms*/,
               std::span<const history::SeriesPoint* const> /*row*/) override {}
  void end() override {}

  void add_to(std::vector<Mean>& home) const {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (const auto percent = steps_[i].value()) home[i].add(*percent);
    }
  }

 private:
  std::span<const std::int64_t> bounds_;
  double scale_;
  std::vector<Mean> steps_;
};

HomeCharges::HomeCharges(Options options) : options_(std::move(options)) {
  std::map<const catalog::Family*, bool> has_charge;
  std::erase_if(options_.devices, [&](const HistoryDevice& device) {
    const auto [kind, is_new] = has_charge.try_emplace(device.family.get());
    if (is_new) kind->second = overview::has_charge(*device.family);
    return !kind->second;
  });
  is_computed_ = !options_.devices.empty() && options_.devices.size() <= options_.most;
  if (!is_computed_ || options_.bounds.size() < 2) options_.devices.clear();
  steps_.resize(std::max<std::size_t>(options_.bounds.size(), 1) - 1);
}
HomeCharges::~HomeCharges() = default;
HomeCharges::HomeCharges(HomeCharges&&) noexcept = default;

void HomeCharges::begin_device() {
  const HistoryDevice& device = options_.devices[next_];
  const catalog::Field& field = *overview::charge_field(*device.family);
  history::SeriesReader::Options options{.device = device.number};
  options.request.fields = {field.name};
  options.request.from_ms = options_.bounds.front();
  options.request.to_ms = options_.bounds.back();
  options.request.step_ms = options_.step_ms;
  options.request.aggregate = history::Aggregate::kMean;
  options.request.zone = options_.zone;
  // The steps are bounded, and a field's points are added up as they come.
  options.limits.fields = options.limits.points = std::numeric_limits<std::int32_t>::max();
  device_ = std::make_unique<DeviceSteps>(options_.bounds, field.scale);
  series_.emplace(std::move(options));
}

void HomeCharges::end_device() {
  device_->add_to(steps_);
  device_.reset();
  series_.reset();
  ++next_;
}

Status HomeCharges::work(history::Reader& reader) {
  if (!series_) begin_device();
  const Status worked = series_->work(reader, *device_);
  if (!worked && worked.error().code != ErrorCode::kDamaged) return worked;
  if (!worked || series_->done()) end_device();
  return {};
}

std::vector<std::optional<double>> HomeCharges::percents() const {
  std::vector<std::optional<double>> all;
  all.reserve(steps_.size());
  for (const Mean& step : steps_) all.push_back(step.value());
  return all;
}

}  // namespace gridloom::home
