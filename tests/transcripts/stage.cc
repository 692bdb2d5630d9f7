#include "transcripts/stage.h"

#include <algorithm>
#include <utility>

#include "http/session.h"

namespace gridloom::transcripts {
namespace {

constexpr Millis kStep{1000};
constexpr std::uint16_t kMqttPort = 8883;  // what /certification says; nobody listens

}  // namespace

bool HandLoop::run_one() {
  if (tasks_.empty()) return false;
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  task();
  return true;
}

End::End(Stage& stage) : stage_(stage), loop_(stage.next_loop_++ % stage.loops_.size()) {
  stage_.ends_.push_back(this);
}

End::~End() {
  std::erase(stage_.ends_, this);
  if (protocol_) protocol_->lost();
  protocol_.reset();
}

bool End::pump() {
  std::string bytes;
  protocol_->take_output(bytes);
  if (bytes.empty()) return false;
  received(bytes);
  return true;
}

void End::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, stage_.variant_.piece_bytes);
    protocol_->receive(piece, stage_.clock_.now());
    bytes.remove_prefix(piece.size());
  }
}

Result<std::unique_ptr<Stage>> Stage::open(std::shared_ptr<const catalog::Catalog> catalog,
                                           const Variant& variant, TimePoint start) {
  std::unique_ptr<Stage> stage(new Stage(variant, start));
  auto registry = registry::Registry::open(stage->folder_.data());
  if (!registry) return std::unexpected(registry.error());
  stage->registry_ = std::move(*registry);
  stage->platform_ =
      std::make_unique<hub::Platform>(stage->clock_, std::move(catalog), *stage->registry_);
  std::vector<Loop*> loops;
  for (std::size_t i = 0; i < variant.shards; ++i) {
    stage->loops_.push_back(std::make_unique<HandLoop>());
    loops.push_back(stage->loops_.back().get());
  }
  stage->hub_ = std::make_unique<hub::Hub>(*stage->platform_, loops);
  stage->registry_->on_change([hub = stage->hub_.get()] { hub->registry_changed(); });
  stage->mqtt_door_ = {.hub = stage->hub_.get(),
                       .clock = &stage->clock_,
                       .sessions = &stage->sessions_,
                       .limits = {}};
  for (Loop* loop : loops) {
    stage->apis_.push_back(std::make_unique<http::Api>(
        http::Api::Options{.hub = stage->hub_.get(),
                           .loop = loop,
                           .mqtt = {.public_host = {}, .port = kMqttPort},
                           .metrics = {}}));
  }
  return stage;
}

Stage::~Stage() { drain(); }

net::Line Stage::line(std::size_t loop) {
  return {.loop = *loops_[loop], .wake = [] {}, .secure = true, .peer = "transcript"};
}

std::shared_ptr<net::Protocol> Stage::http_connection(std::size_t loop) {
  return std::make_shared<http::Session>(
      line(loop),
      [api = apis_[loop].get()](http::Request request, Done<http::Response> done) {
        api->handle(std::move(request), std::move(done));
      },
      http::SessionLimits{}, clock_.now());
}

std::shared_ptr<net::Protocol> Stage::mqtt_connection(std::size_t loop) {
  return std::make_shared<mqtt::Connection>(mqtt_door_, line(loop));
}

void Stage::drain() {
  for (bool busy = true; busy;) {
    busy = false;
    for (const auto& loop : loops_) busy = loop->run_one() || busy;
    if (busy) continue;
    // An end that is pumped may bring others, or go.
    // NOLINTNEXTLINE(modernize-loop-convert): it may grow meanwhile
    for (std::size_t i = 0; i < ends_.size(); ++i) busy = ends_[i]->pump() || busy;
  }
}

void Stage::advance(Millis span, const std::function<void()>& on_step) {
  while (span > Millis(0)) {
    const Millis step = std::min(span, kStep);
    span -= step;
    clock_.advance(step);
    hub_->tick();
    // NOLINTNEXTLINE(modernize-loop-convert): likewise
    for (std::size_t i = 0; i < ends_.size(); ++i) ends_[i]->tick(clock_.now());
    drain();
    on_step();
    drain();
  }
}

}  // namespace gridloom::transcripts
