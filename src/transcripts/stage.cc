#include "transcripts/stage.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "history/ledger.h"
#include "http/session.h"
#include "hub/misdeeds.h"

namespace gridloom::transcripts {
namespace {

constexpr std::uint16_t kMqttPort = 8883;  // what /certification says; nobody listens

}  // namespace

End::End(Stage& stage) : stage_(stage), loop_(stage.next_loop_++ % stage.loops_.size()) {
  stage_.ends_.push_back(this);
}

End::~End() {
  if (socket_ >= 0) stage_.drain();
  const bool had_socket = socket_ >= 0;
  std::erase(stage_.ends_, this);
  hang_up();
  if (had_socket) stage_.drain();
}

void End::hang_up() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
    --stage_.ends_traffic_.open;
  }
  if (const auto protocol = std::exchange(protocol_, nullptr)) protocol->lost();
}

void End::connect(Door door) {
  if (stage_.variant_.wire == Wire::kDirect) {
    protocol_ = stage_.doors_.at(door)(
        {.loop = *stage_.loops_[loop_], .wake = [] {}, .secure = true, .peer = "transcript"});
    return;
  }
  const net::Address& bound = stage_.listeners_.at(door)->bound();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(bound.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as sockets want it
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  if (socket_ < 0 || ::connect(socket_, any, sizeof(address)) != 0) {
    throw std::runtime_error("no connection to the stage's own listener");
  }
  // drain() would spin until a delayed acknowledgement lets small packets go.
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  ++stage_.ends_traffic_.open;
}

bool End::pump() {
  std::string bytes;
  bool ended = false;
  if (protocol_) {
    protocol_->take_output(bytes);
    ended = bytes.empty() && protocol_->finished();
  } else if (socket_ >= 0) {
    std::array<char, 65'536> some;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t size = ::recv(socket_, some.data(), some.size(), MSG_DONTWAIT);
    if (size > 0) bytes.assign(some.data(), static_cast<std::size_t>(size));
    stage_.ends_traffic_.from_server += bytes.size();
    ended = size == 0 || (size < 0 && errno == ECONNRESET);
  }
  if (ended) {
    is_over_ = true;
    hang_up();
    return true;
  }
  if (bytes.empty()) return false;
  received(bytes);
  return true;
}

void End::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, stage_.variant_.piece_bytes);
    bytes.remove_prefix(piece.size());
    if (protocol_) {
      protocol_->receive(piece, stage_.clock_.now());
    } else if (socket_ >= 0) {
      // Nobody reads meanwhile: what a transcript sends at once fits the socket's buffer.
      const ssize_t sent = ::send(socket_, piece.data(), piece.size(), MSG_NOSIGNAL);
      if (sent > 0) stage_.ends_traffic_.to_server += static_cast<std::size_t>(sent);
    }
  }
}

void End::tick(TimePoint now) {
  if (protocol_) protocol_->tick(now);
}

// Counts what passes between a socket and a protocol.
class Stage::Counted final : public net::Protocol {
 public:
  Counted(std::shared_ptr<net::Protocol> inner, Traffic& traffic)
      : inner_(std::move(inner)), traffic_(traffic) {
    ++traffic_.open;
  }
  void receive(std::string_view bytes, TimePoint now) override {
    traffic_.to_server += bytes.size();
    inner_->receive(bytes, now);
  }
  void take_output(std::string& out) override {
    const std::size_t before = out.size();
    inner_->take_output(out);
    traffic_.from_server += out.size() - before;
  }
  [[nodiscard]] bool finished() const override { return inner_->finished(); }
  [[nodiscard]] bool wants_input() const override { return inner_->wants_input(); }
  [[nodiscard]] std::int64_t account() const override { return inner_->account(); }
  [[nodiscard]] std::size_t kept_bytes() const override { return inner_->kept_bytes(); }
  [[nodiscard]] bool busy() const override { return inner_->busy(); }
  void tick(TimePoint now) override { inner_->tick(now); }
  void server_stops() override { inner_->server_stops(); }
  void lost() override {
    --traffic_.open;
    inner_->lost();
  }

 private:
  std::shared_ptr<net::Protocol> inner_;
  Traffic& traffic_;
};

Result<std::unique_ptr<Stage>> Stage::open(std::shared_ptr<const catalog::Catalog> catalog,
                                           const Variant& variant, TimePoint start) {
  std::unique_ptr<Stage> stage(new Stage(variant, start));
  stage->catalog_ = std::move(catalog);
  for (std::size_t i = 0; i < variant.shards; ++i) {
    stage->loops_.push_back(std::make_unique<net::IoLoop>());
  }
  if (Status started = stage->start(); !started) return std::unexpected(started.error());
  return stage;
}

Status Stage::start() {
  auto registry = registry::Registry::open(folder_.data());
  if (!registry) return std::unexpected(registry.error());
  registry_ = std::move(*registry);
  auto store = mqtt::SessionStore::open(folder_.data());
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  platform_ = std::make_unique<hub::Platform>(clock_, catalog_, *registry_);
  platform_->misdeeds.set(faults_);
  auto archive = history::Archive::open(
      {.data = folder_.data(),
       .clock = &clock_,
       .limits = {},
       .account = history::account_by([this](std::int64_t number) { return family_of(number); }),
       .on_session_changes = [this](std::uint64_t record,
                                    std::string_view changes) { store_->take(record, changes); },
       .sessions_applied = store_->applied(),
       .clock_is_driven = true});
  if (!archive) return std::unexpected(archive.error());
  auto loaded = store_->load();
  if (!loaded) return std::unexpected(loaded.error());
  archive_ = std::move(*archive);
  archive_->start({});
  journal_ = std::make_unique<history::InstantJournal>(*archive_);
  platform_->journal = journal_.get();
  platform_->sessions = store_->keeper();
  std::vector<Loop*> loops(loops_.size());
  std::ranges::transform(loops_, loops.begin(), [](const auto& loop) { return loop.get(); });
  hub_ = std::make_unique<hub::Hub>(*platform_, loops);
  registry_->on_change([hub = hub_.get()] { hub->registry_changed(); });
  sessions_ = std::make_unique<mqtt::SessionTable>(mqtt::TableLimits{});
  mqtt_door_ = {.hub = hub_.get(), .clock = &clock_, .sessions = sessions_.get(), .limits = {}};
  for (const hub::RetainedChange& retained : loaded->retained) {
    static_cast<void>(hub_->restore_retained(retained));
  }
  sessions_->restore(mqtt_door_, loops, std::move(loaded->sessions), std::move(loaded->streams));
  apis_.clear();
  for (Loop* loop : loops) {
    apis_.push_back(std::make_unique<http::Api>(
        http::Api::Options{.hub = hub_.get(),
                           .loop = loop,
                           .reads =
                               [this](auto task) {
                                 history::read_now(*archive_, std::move(task));
                                 return true;
                               },
                           .mqtt = {.public_host = {}, .port = kMqttPort},
                           .metrics = {}}));
  }
  return open_doors();
}

// On the archive's thread.
catalog::FamilyPtr Stage::family_of(std::int64_t number) const {
  const auto directory = registry_->directory();
  for (const registry::Device* device : directory->devices()) {
    if (device->number == number) return catalog_->of_serial(device->sn);
  }
  return nullptr;
}

Status Stage::restart() {
  drain();
  for (const auto& loop : loops_) sessions_->sweep(*loop, clock_.now());
  drain();
  store_->flush();
  std::vector<hub::SavedTwin> twins;
  hub_->save_twins([&twins](std::vector<hub::SavedTwin> of_shard) {
    std::ranges::move(of_shard, std::back_inserter(twins));
  });
  drain();
  doors_.clear();
  apis_.clear();
  hub_.reset();
  sessions_.reset();
  platform_.reset();
  journal_.reset();
  archive_.reset();
  store_.reset();
  registry_.reset();
  if (Status started = start(); !started) return started;
  for (hub::SavedTwin& twin : twins) hub_->restore_twin(std::move(twin));
  drain();
  return {};
}

Status Stage::open_doors() {
  doors_[Door::kMqtt] = mqtt::serve(mqtt_door_);
  doors_[Door::kHttp] = [this](net::Line line) -> std::shared_ptr<net::Protocol> {
    const auto loop = std::ranges::find_if(
        loops_, [&line](const auto& each) { return each.get() == &line.loop; });
    http::Api* api = apis_[static_cast<std::size_t>(loop - loops_.begin())].get();
    return std::make_shared<http::Session>(
        std::move(line),
        [api](http::Request request, Done<http::Response> done) {
          api->handle(std::move(request), std::move(done));
        },
        http::SessionLimits{}, clock_.now());
  };
  if (variant_.wire == Wire::kDirect) return {};
  std::vector<net::IoLoop*> loops(loops_.size());
  std::ranges::transform(loops_, loops.begin(), [](const auto& loop) { return loop.get(); });
  for (const auto& [door, make] : doors_) {
    auto listener =
        net::Listener::open({.address = {.host = "127.0.0.1", .port = 0},
                             .tls = nullptr,
                             .make =
                                 [this, &make](net::Line line) {
                                   return std::make_shared<Counted>(make(std::move(line)), server_);
                                 },
                             .clock = &clock_},
                            loops);
    if (!listener) return std::unexpected(listener.error());
    (*listener)->start();
    listeners_[door] = std::move(*listener);
  }
  return {};
}

Stage::~Stage() { drain(); }

bool is_platform_fault(std::string_view name) { return hub::find_misdeed(name) != nullptr; }

void Stage::set_faults(const std::vector<FaultOrder>& orders) {
  faults_ = orders;
  platform_->misdeeds.set(faults_);
}

bool Stage::quiet() const {
  return server_.to_server == ends_traffic_.to_server &&
         server_.from_server == ends_traffic_.from_server && server_.open == ends_traffic_.open;
}

void Stage::drain() {
  for (bool busy = true; busy || !quiet();) {
    busy = false;
    for (const auto& loop : loops_) busy = loop->turn() || busy;
    if (!busy) busy = pump_ends();
  }
}

bool Stage::pump_ends() {
  // One call for all sockets: most of them have nothing.
  std::vector<pollfd> sockets;
  if (variant_.wire == Wire::kSocket) {
    for (const End* end : ends_)
      sockets.push_back({.fd = end->socket(), .events = POLLIN, .revents = 0});
    if (::poll(sockets.data(), sockets.size(), 0) <= 0) return false;
  }
  bool busy = false;
  // An end that is pumped may bring others, or go.
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (i < sockets.size() && sockets[i].revents == 0) continue;
    busy = ends_[i]->pump() || busy;
  }
  return busy;
}

void Stage::advance(const Steps& steps, const std::function<void()>& on_step) {
  for (Millis left = steps.span; left > Millis(0);) {
    const Millis step = std::min(left, steps.step);
    left -= step;
    clock_.advance(step);
    hub_->tick();
    if (variant_.wire == Wire::kSocket) {
      for (const auto& loop : loops_) loop->sweep_now();
    }
    // NOLINTNEXTLINE(modernize-loop-convert): likewise
    for (std::size_t i = 0; i < ends_.size(); ++i) ends_[i]->tick(clock_.now());
    drain();
    on_step();
    drain();
  }
}

}  // namespace gridloom::transcripts
