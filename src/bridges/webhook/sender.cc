#include "bridges/webhook/sender.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/digest.h"
#include "base/secret.h"
#include "bridges/core/peer.h"
#include "history/history_queries.h"
#include "hub/platform/platform.h"
#include "wire/json.h"

namespace gridloom::bridges::webhook {

Result<Signer> Signer::make(const Secret& secret) {
  if (secret.empty()) return Signer(std::nullopt);
  GL_TRY(auto mac, wire::KeyedMac::make(secret));
  return Signer(std::move(mac));
}

Result<std::vector<client::HttpHeader>> Signer::headers(std::string_view id, std::int64_t now_ms,
                                                        std::string_view body) {
  const std::string timestamp = fmt::to_string(now_ms);
  std::vector<client::HttpHeader> headers = {{"X-Gridloom-Id", std::string(id)},
                                             {"X-Gridloom-Timestamp", timestamp}};
  if (!mac_) return headers;
  GL_TRY(const auto digest, mac_->of(fmt::format("{}.{}", timestamp, body)));
  headers.emplace_back("X-Gridloom-Signature", fmt::format("sha256={:02x}", fmt::join(digest, "")));
  return headers;
}

Result<LogPage> read_log_page(const history::Reads& reads, AccountId account, std::size_t archive,
                              std::uint64_t after, const std::stop_token& stop) {
  const auto page = std::make_shared<LogPage>();  // of the step too, which may outlive the wait
  GL_TRY(history::run_query(
      reads, std::to_underlying(account),
      [page, archive, after](history::Reader& reader) -> Result<bool> {
        if (history::Route* const route = reader.route()) {
          const auto is_here = route->reach_archive(archive);
          if (!is_here || !*is_here) return is_here;
          page->archives = route->archives();
        }
        GL_TRY(auto events, reader.events_since(after, LogPage::kMostEvents));
        page->events = std::move(events);
        return true;
      },
      stop));
  return std::move(*page);
}

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kIdBytes = 16;
constexpr std::string_view kKey = "outbox";
constexpr std::string_view kContentType = "application/json";
// For a receiver's answer.
constexpr Millis kPatience = std::chrono::seconds(10);
constexpr std::size_t kMaxAnswerBytes = std::size_t{64} * 1024;
// An event is announced before it is durable and in the log: it is looked for again and again.
constexpr GrowingPause::Options kLooks{.shortest = Millis(100), .longest = Millis(60'000)};
// While events are posted without a break.
constexpr std::chrono::seconds kSaveEvery{1};

// The same whenever and wherever the event is read.
std::string id_of(const Identity& identity, std::size_t archive, const history::StoredEvent& stored,
                  std::string_view sn) {
  const journal::DeviceEvent& event = stored.event;
  return sha256_of(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", identity.name, identity.number,
                               std::to_underlying(identity.account), archive, stored.id, sn,
                               event.at_ms, name_of(event.kind), event.field))
      .substr(0, 2 * kIdBytes);
}

}  // namespace

Verdict verdict_of(unsigned status) {
  constexpr unsigned kTimeout = 408;
  constexpr unsigned kTooEarly = 425;
  constexpr unsigned kTooMany = 429;
  if (status >= 200 && status < 300) return Verdict::kTaken;
  const bool is_later =
      status >= 500 || status == kTimeout || status == kTooEarly || status == kTooMany;
  return is_later ? Verdict::kLater : Verdict::kRefused;
}

Sender::Sender(Parts parts, Identity identity, WebhookSettings settings)
    : parts_(std::move(parts)),
      identity_(std::move(identity)),
      settings_(std::move(settings)),
      look_pause_(kLooks) {}

void Sender::start() {
  identity_.health->connecting();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Sender::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

std::int64_t Sender::now_ms() const { return unix_ms(parts_.hub.platform().clock.now()); }

std::string Sender::account_name() const {
  const auto directory = parts_.registry.directory();
  const registry::Account* const account = directory->find_account(identity_.account);
  return account == nullptr ? std::string() : account->name;
}

void Sender::on_news() {
  has_news_ = true;
  news_.notify();
}

void Sender::push(const Event& event) {
  if (!settings_.tells(event.kind) ||
      !settings_.selection.has_device(event.device.sn, event.device.name)) {
    return;
  }
  std::string id = random_hex(kIdBytes);
  std::string body = wire::to_text(body_of(event, id, account_name()));
  outbox_.push({.id = std::move(id),
                .body = std::move(body),
                .at_ms = event.details.at_ms,
                .since = Steady::now()});
  news_.notify();
}

void Sender::count() {
  if (has_read_all_) {
    identity_.health->set_figure("waiting", static_cast<std::int64_t>(outbox_.size()));
  }
  const std::uint64_t dropped = outbox_.take_dropped();
  if (dropped == 0) return;
  identity_.health->count_dropped(dropped);
  identity_.health->error("events are dropped: their receiver did not take them in time");
}

void Sender::save() {
  const std::string state = outbox_.state(identity_.number);
  if (state == saved_) return;
  if (Status saved = parts_.states->save(identity_.name, kKey, state); !saved) {
    return identity_.health->error(saved.error().detail);
  }
  saved_ = state;
  save_at_ = Steady::now() + kSaveEvery;
}

bool Sender::restore(const std::stop_token& stop) {
  while (true) {
    const auto state = parts_.states->load(identity_.name, kKey);
    if (state) outbox_.restore(*state, identity_.number, Steady::now(), now_ms());
    if (state || state.error().code != ErrorCode::kIo) return true;
    identity_.health->failing(state.error().detail);
    if (!news_.wait_until(stop, Steady::now() + pause_.next())) return false;
  }
}

void Sender::run(const std::stop_token& stop) {
  if (parts_.hub.platform().journal == nullptr) {
    return identity_.health->failing(
        "this server keeps no history, and so no events, which the bridge tells");
  }
  if (!restore(stop)) return;
  for (bool goes_on = true; goes_on;) {
    read_logs(stop);
    const auto event = outbox_.front(Steady::now());
    if (Steady::now() >= next_try_) event ? post(stop, *event) : try_to_reach(stop);
    count();
    const bool has_more = outbox_.size() != 0 && Steady::now() >= next_try_;
    if (!has_more || Steady::now() >= save_at_) save();
    goes_on = has_more ? !stop.stop_requested() : news_.wait_until(stop, wake_at());
  }
  save();
}

Sender::Moment Sender::wake_at() const {
  Moment at = Steady::now() + kLooks.longest;
  if (outbox_.has_room()) at = std::min(at, next_look_);
  if (outbox_.size() != 0 || !is_reached_) at = std::min(at, next_try_);
  return at;
}

void Sender::read_logs(const std::stop_token& stop) {
  const Moment now = Steady::now();
  if (has_news_.exchange(false)) {
    look_pause_.reset();
    next_look_ = std::min(next_look_, now + kLooks.shortest);
  }
  if (now < next_look_ || !outbox_.has_room()) return;
  next_look_ = now + look_pause_.next();
  bool is_whole = true;
  std::size_t archives = 1;
  for (std::size_t archive = 0; archive < archives && !stop.stop_requested(); ++archive) {
    const auto read = read_log(stop, archive);
    if (read) archives = *read;
    if (read || stop.stop_requested()) continue;
    is_whole = false;
    identity_.health->error(read.error().detail);
  }
  has_read_all_ = has_read_all_ || is_whole;
}

Result<std::size_t> Sender::read_log(const std::stop_token& stop, std::size_t archive) {
  std::size_t archives = 1;
  for (bool is_last = false; !is_last && outbox_.has_room();) {
    const auto known = outbox_.read_through(archive);
    std::uint64_t through = known.value_or(skipped_);
    GL_TRY(auto page, read_log_page(parts_.reads, identity_.account, archive, through, stop));
    archives = page.archives;
    is_last = page.is_last();
    if (!page.events.empty()) through = page.events.back().id;
    // Events that are in the log when the bridge begins are no news.
    skipped_ = known || is_last ? 0 : through;
    if (known) take(archive, through, page.events);
    if (!known && is_last) outbox_.add(archive, through, {});
  }
  return archives;
}

void Sender::take(std::size_t archive, std::uint64_t through,
                  std::span<const history::StoredEvent> events) {
  std::map<DeviceNumber, const registry::Device*> devices;
  const auto directory = parts_.registry.directory();
  for (const auto& list :
       {directory->devices_of(identity_.account), directory->shared_with(identity_.account)}) {
    for (const registry::Device* each : list) {
      if (settings_.selection.has_device(each->sn, each->name)) devices.emplace(each->number, each);
    }
  }
  const std::string account = account_name();
  std::vector<Outbox::Waiting> waiting;
  for (const history::StoredEvent& stored : events) {
    const auto found = devices.find(stored.event.device);
    if (found == devices.end()) continue;
    const registry::Device& device = *found->second;
    // The log left them out.
    if (stored.event.kind == journal::EventKind::kLeftOut) {
      identity_.health->count_dropped(stored.event.count);
    }
    const auto kind = kind_of(stored.event.kind);
    if (!kind || !settings_.tells(*kind)) continue;
    const Event event{.kind = *kind,
                      .device = {.sn = device.sn,
                                 .name = device.name,
                                 .family = parts_.hub.platform().catalog->of_serial(device.sn)},
                      .details = stored.event};
    std::string id = id_of(identity_, archive, stored, device.sn);
    std::string body = wire::to_text(body_of(event, id, account));
    waiting.push_back({.id = std::move(id),
                       .body = std::move(body),
                       .at_ms = stored.event.at_ms,
                       .since = waits_since(stored.event.at_ms, Steady::now(), now_ms()),
                       .source = Outbox::Source{.archive = archive, .event = stored.id}});
  }
  outbox_.add(archive, through, std::move(waiting));
}

void Sender::try_to_reach(const std::stop_token& stop) {
  if (is_reached_) return;
  Status reached = open(stop);
  if (reached) reached = client_->reach();
  if (stop.stop_requested()) return;
  if (!reached) {
    identity_.health->failing(reached.error().detail);
    next_try_ = Steady::now() + pause_.next();
    return;
  }
  is_reached_ = true;
  pause_.reset();
  identity_.health->connected();
}

void Sender::post(const std::stop_token& stop, const Outbox::Waiting& event) {
  Health& health = *identity_.health;
  const auto reply = ask(stop, event);
  if (stop.stop_requested()) return;
  const Verdict verdict = reply ? verdict_of(reply->status) : Verdict::kLater;
  if (verdict == Verdict::kLater) {
    health.failing(reply ? reason_of(*reply) : reply.error().detail);
    next_try_ = Steady::now() + pause_.next(reply ? reply->retry_after : std::nullopt);
    return;
  }
  pause_.reset();
  is_reached_ = true;
  health.connected();
  if (verdict == Verdict::kTaken) {
    health.count_out();
  } else {
    health.count_dropped();
    health.error(reason_of(*reply));
  }
  outbox_.remove(event.id);
}

Status Sender::open(const std::stop_token& stop) {
  if (!signer_) {
    GL_TRY(auto made, Signer::make(settings_.secret));
    signer_ = std::move(made);
  }
  if (client_) return {};
  GL_TRY(auto opened, client::HttpClient::open({.server = settings_.url.server,
                                                .ca = settings_.ca,
                                                .patience = kPatience,
                                                .max_body_bytes = kMaxAnswerBytes,
                                                .stop = stop}));
  client_ = std::move(opened);
  return {};
}

Result<client::HttpReply> Sender::ask(const std::stop_token& stop, const Outbox::Waiting& event) {
  GL_TRY(open(stop));
  const Clock& wall = *parts_.hub.platform().wall;
  GL_TRY(auto headers, signer_->headers(event.id, unix_ms(wall.now()), event.body));
  return client_->ask({.method = "POST",
                       .target = settings_.url.target,
                       .headers = std::move(headers),
                       .body = event.body,
                       .content_type = kContentType});
}

}  // namespace gridloom::bridges::webhook
