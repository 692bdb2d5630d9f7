#include "bridges/influx/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <expected>
#include <string_view>
#include <system_error>
#include <utility>

#include "bridges/core/peer.h"
#include "history/history_queries.h"
#include "hub/platform/platform.h"

namespace gridloom::bridges {

WriteResult result_of(const client::HttpReply& reply) {
  if (reply.status >= 200 && reply.status < 300) return WriteResult::kTaken;
  if (reply.status == 413) return WriteResult::kTooLarge;
  return reply.status == 400 || reply.status == 422 ? WriteResult::kRefused : WriteResult::kLater;
}

std::size_t lost_lines(const client::HttpReply& reply, std::size_t lines) {
  // InfluxDB writes the lines that it can: "partial write: ... dropped=3".
  constexpr std::string_view kDropped = "dropped=";
  const std::string_view body = reply.body;
  const std::size_t at = body.find(kDropped);
  if (at == std::string_view::npos || !body.contains("partial write")) return lines;
  std::size_t dropped = 0;
  const std::string_view number = body.substr(at + kDropped.size());
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), dropped);
  return error == std::errc() ? std::min(dropped, lines) : lines;
}

namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds kSaveEvery{60};
// A report may reach history later than News looks for it, and be the last one for long.
constexpr std::chrono::minutes kAllEvery{10};
// Reading may take this share of the time: the others of the account wait for its queries.
constexpr int kRestPerRead = 4;
constexpr seconds kLongestRest{60};
constexpr std::int64_t kNew_ms = 60'000;
constexpr std::string_view kContentType = "text/plain; charset=utf-8";

// The beginning of the batch up to half of its lines, and the rest.
std::pair<LineBatch, LineBatch> halves(const LineBatch& batch) {
  LineBatch first{.text = {}, .lines = batch.lines / 2};
  std::size_t end = 0;
  for (std::size_t i = 0; i < first.lines; ++i) end = batch.text.find('\n', end) + 1;
  first.text = batch.text.substr(0, end);
  LineBatch second{.text = batch.text.substr(end), .lines = batch.lines - first.lines};
  return {std::move(first), std::move(second)};
}

}  // namespace

InfluxWriter::InfluxWriter(Parts parts, Identity identity, InfluxSettings settings)
    : parts_(std::move(parts)),
      identity_(std::move(identity)),
      settings_(std::make_shared<const InfluxSettings>(std::move(settings))) {}

void InfluxWriter::start() {
  // Reports since the bridge was added are written, however long its start took.
  const std::int64_t age_ms = unix_ms(SystemClock().now()) - identity_.made_ms;
  begun_ms_ = now_ms() - (age_ms > 0 && age_ms < kNew_ms ? age_ms : 0);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void InfluxWriter::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void InfluxWriter::on_news(const std::string& sn) {
  const std::lock_guard lock(mutex_);
  news_.add(sn);
}

void InfluxWriter::on_all_news() {
  const std::lock_guard lock(mutex_);
  all_news_ = true;
}

std::int64_t InfluxWriter::now_ms() const { return unix_ms(parts_.hub.platform().clock.now()); }

void InfluxWriter::run(const std::stop_token& stop) {
  if (!parts_.reads) {
    return identity_.health->failing("this server keeps no history, which the bridge writes");
  }
  if (!open_positions(stop)) return;
  for (bool goes_on = true; goes_on;) {
    const Moment begin = Steady::now();
    reading_ = {};
    if (write_all(stop)) {
      complete_ = begin;
      positions_.set_complete(now_ms());
      identity_.health->set_figure("behind_s", 0);
    } else {
      set_behind();
    }
    if (saves_soon_ || Steady::now() - saved_ >= kSaveEvery) save();
    const Steady::duration rest = std::min<Steady::duration>(reading_ * kRestPerRead, kLongestRest);
    Moment next = std::max(begin + settings_->every, Steady::now() + rest);
    if (!try_to_reach(stop)) next = std::min(next, Steady::now() + pause_.next());
    goes_on = wakeup_.wait_until(stop, next);
  }
  save();
}

bool InfluxWriter::open_positions(const std::stop_token& stop) {
  while (true) {
    auto opened = Positions::open({.states = parts_.states,
                                   .bridge = identity_.name,
                                   .target = settings_->server + settings_->target,
                                   .since_ms = settings_->since_ms.value_or(begun_ms_),
                                   .now_ms = now_ms()});
    if (opened) {
      positions_ = std::move(*opened);
      break;
    }
    identity_.health->failing(opened.error().detail);
    if (!wakeup_.wait_until(stop, Steady::now() + pause_.next())) return false;
  }
  pause_.reset();
  complete_ =
      Steady::now() - Millis(std::max<std::int64_t>(now_ms() - positions_.complete_ms(), 0));
  save();
  return true;
}

void InfluxWriter::set_behind() {
  const auto behind = std::chrono::duration_cast<seconds>(Steady::now() - complete_);
  identity_.health->set_figure("behind_s", behind.count());
}

void InfluxWriter::save() {
  saved_ = Steady::now();
  saves_soon_ = false;
  if (Status saved = positions_.save(); !saved) identity_.health->error(saved.error().detail);
}

std::vector<HistoryLines::Device> InfluxWriter::devices_with_news() {
  const auto directory = parts_.registry.directory();
  const auto& catalog = *parts_.hub.platform().catalog;
  const Moment now = Steady::now();
  std::vector<HistoryLines::Device> devices;
  const std::lock_guard lock(mutex_);
  const bool all = std::exchange(all_news_, false) || now - all_looked_ >= kAllEvery;
  if (all) all_looked_ = now;
  for (const auto& list :
       {directory->devices_of(identity_.account), directory->shared_with(identity_.account)}) {
    for (const registry::Device* each : list) {
      if (!settings_->selection.has_device(each->sn, each->name)) continue;
      if (all) news_.add(each->sn);
      if (!news_.take(each->sn, now)) continue;
      devices.push_back({.sn = each->sn,
                         .name = each->name,
                         .number = each->number,
                         .family = catalog.of_serial(each->sn)});
    }
  }
  return devices;
}

bool InfluxWriter::write_all(const std::stop_token& stop) {
  bool is_whole = true;
  for (const HistoryLines::Device& device : devices_with_news()) {
    if (stop.stop_requested()) return false;
    if (write(stop, device)) continue;
    is_whole = false;
    on_news(device.sn);
  }
  return is_whole;
}

bool InfluxWriter::write(const std::stop_token& stop, const HistoryLines::Device& device) {
  const DevicePosition begin = positions_.of(device.sn, now_ms());
  const auto lines = std::make_shared<HistoryLines>(device, settings_, begin, positions_.anew());
  while (!lines->done()) {
    if (Status good = read(stop, lines); !good) {
      if (stop.stop_requested()) return false;
      identity_.health->error(fmt::format("history of {}: {}", device.sn, good.error().detail));
      if (good.error().code != ErrorCode::kDamaged || !lines->pass_over()) return false;
    }
    const LineBatch batch = lines->take();
    if (batch.lines != 0 && !send(stop, batch)) return false;
    positions_.set(device.sn, lines->position());
    if (Steady::now() - saved_ >= kSaveEvery) save();
  }
  // After a kill a first look would leave out again what came late meanwhile.
  if (begin.from_ms != kBeginOfTime_ms) saves_soon_ = true;
  return true;
}

Status InfluxWriter::read(const std::stop_token& stop, const std::shared_ptr<HistoryLines>& lines) {
  const Moment begin = Steady::now();
  Status read = history::run_query(
      parts_.reads, std::to_underlying(identity_.account),
      [lines](history::Reader& reader) -> Result<bool> {
        GL_TRY(lines->work(reader));
        return lines->done() || lines->is_full();
      },
      stop);
  reading_ += Steady::now() - begin;
  return read;
}

Status InfluxWriter::open(const std::stop_token& stop) {
  if (client_) return {};
  GL_TRY(auto opened, client::HttpClient::open(
                          {.server = settings_->server, .ca = settings_->ca, .stop = stop}));
  client_ = std::move(opened);
  return {};
}

bool InfluxWriter::try_to_reach(const std::stop_token& stop) {
  if (is_reached_) return true;
  Status reached = open(stop);
  if (reached) reached = client_->reach();
  if (stop.stop_requested()) return false;
  is_reached_ = reached.has_value();
  if (is_reached_) {
    pause_.reset();
    identity_.health->connected();
  } else {
    identity_.health->failing(reached.error().detail);
  }
  return is_reached_;
}

Result<client::HttpReply> InfluxWriter::ask(const std::stop_token& stop, const std::string& text) {
  GL_TRY(open(stop));
  return client_->ask({.method = "POST",
                       .target = settings_->target,
                       .headers = settings_->headers,
                       .body = text,
                       .content_type = kContentType});
}

bool InfluxWriter::send(const std::stop_token& stop, const LineBatch& batch) {
  Health& health = *identity_.health;
  while (!stop.stop_requested()) {
    set_behind();
    const auto reply = ask(stop, batch.text);
    if (stop.stop_requested()) return false;
    const WriteResult result = reply ? result_of(*reply) : WriteResult::kLater;
    if (result == WriteResult::kLater) {
      health.failing(reply ? reason_of(*reply) : reply.error().detail);
      const Millis pause = pause_.next(reply ? reply->retry_after : std::nullopt);
      if (!wakeup_.wait_until(stop, Steady::now() + pause)) return false;
      continue;
    }
    pause_.reset();
    is_reached_ = true;
    health.connected();
    if (result == WriteResult::kTaken) {
      health.count_out(batch.lines);
      return true;
    }
    if (result == WriteResult::kTooLarge && batch.lines > 1) return send_halves(stop, batch);
    const std::size_t lost = lost_lines(*reply, batch.lines);
    health.count_out(batch.lines - lost);
    health.count_dropped(lost);
    health.error(reason_of(*reply));
    return true;
  }
  return false;
}

bool InfluxWriter::send_halves(const std::stop_token& stop, const LineBatch& batch) {
  const auto [first, second] = halves(batch);
  return send(stop, first) && send(stop, second);
}

}  // namespace gridloom::bridges
