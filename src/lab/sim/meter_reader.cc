#include "sim/meter_reader.h"

#include <fmt/format.h>

#include <utility>

#include "client/http_request.h"
#include "client/stream.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

constexpr unsigned kOk = 200;

}  // namespace

std::optional<double> MeterReader::power_in(std::string_view body) {
  const auto parsed = wire::parse_json(body);
  const wire::Json* const power = parsed ? wire::member(*parsed, "power") : nullptr;
  if (power == nullptr || !power->is_number()) return std::nullopt;
  return power->to_number<double>();
}

void MeterReader::tick(Steady::time_point now) {
  if (is_asked_ && now - asked_ >= kPatience) fail();
  if (is_asked_ || now - asked_ < kRhythm) return;
  asked_ = now;
  ask();
}

void MeterReader::ask() {
  const catalog::MeterPlace& meter = options_.meter;
  is_asked_ = true;
  if (!connection_) {
    auto stream = client::connect(client::peer_at({.host = meter.host, .port = meter.port}),
                                  nullptr, client::ConnectMode::kNonBlocking);
    if (!stream) return fail();
    connection_.emplace(*std::move(stream));
    if (!options_.loop->watch(connection_->fd(), *this)) return fail();
  }
  const std::string host = fmt::format("{}:{}", meter.host, meter.port);
  if (!connection_->ask(client::encode({.target = meter.path, .host = host}))) fail();
}

void MeterReader::on_ready(std::uint32_t /*events*/) {
  if (!connection_) return;
  const auto answered = connection_->on_ready(options_.buffer);
  if (!answered) return fail();
  if (!*answered) return;
  const client::HttpResponse& response = **answered;
  const bool keeps_alive = response.keeps_alive;
  const auto power_w = response.status == kOk ? power_in(response.body) : std::nullopt;
  is_asked_ = false;
  if (!keeps_alive) close();
  options_.on_reading(power_w);
}

// An idle connection that the meter ends is no answer that failed.
void MeterReader::fail() {
  const bool was_asked = is_asked_;
  close();
  if (was_asked) options_.on_reading(std::nullopt);
}

void MeterReader::close() {
  is_asked_ = false;
  if (!connection_) return;
  options_.loop->keep_for_turn(shared_from_this());
  connection_.reset();
}

}  // namespace gridloom::sim
