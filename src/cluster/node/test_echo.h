// A protocol for tests of the relay: it says what it hears, as the test lets it. Test-only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/protocol.h"

namespace gridloom::node {

struct EchoState {
  std::shared_ptr<const net::ConnectionContext> context{};
  std::string got{};
  std::string out{};
  std::size_t output_bytes = std::size_t{64} * 1024;  // at once
  std::size_t ends_after = SIZE_MAX;                  // bytes
  std::size_t largest = 0;                            // bytes that came at once
  std::int64_t account = 0;
  int works = 0;  // pieces of work to be done
  bool is_silent = false;
  bool wants_input = true;
  bool ends = false;  // finished once its output is taken
  bool resets = false;
  std::vector<std::string> calls{};
};

class Echo final : public net::Protocol {
 public:
  explicit Echo(std::shared_ptr<EchoState> state) : state_(std::move(state)) {}
  void receive(std::string_view bytes, TimePoint /*now*/) override {
    EchoState& state = *state_;
    state.got.append(bytes);
    state.largest = std::max(state.largest, bytes.size());
    if (!state.is_silent && !state.ends) state.out.append(bytes);
    if (state.got.size() >= state.ends_after && !state.ends) {
      state.ends = true;
      state.out.resize(state.out.size() - (state.got.size() - state.ends_after));
    }
  }
  [[nodiscard]] bool has_work() const override { return state_->works > 0; }
  void work() override {
    --state_->works;
    state_->calls.emplace_back("work");
  }
  void take_output(std::string& out) override {
    const std::size_t size = std::min(state_->out.size(), state_->output_bytes);
    out.append(state_->out, 0, size);
    state_->out.erase(0, size);
  }
  [[nodiscard]] bool has_output() const override { return !state_->out.empty() || finished(); }
  [[nodiscard]] bool finished() const override { return state_->ends && state_->out.empty(); }
  [[nodiscard]] bool resets() const override { return state_->resets; }
  [[nodiscard]] bool wants_input() const override { return state_->wants_input; }
  [[nodiscard]] std::int64_t account() const override { return state_->account; }
  [[nodiscard]] std::size_t kept_bytes() const override { return 0; }
  void tick(TimePoint /*now*/) override { state_->calls.emplace_back("tick"); }
  void server_stops() override {
    state_->calls.emplace_back("stops");
    state_->out.append("goodbye");
    state_->ends = true;
  }
  void peer_ends() override { state_->calls.emplace_back("peer ends"); }
  void lost() override { state_->calls.emplace_back("lost"); }

 private:
  const std::shared_ptr<EchoState> state_;
};

using Echoes = std::vector<std::shared_ptr<EchoState>>;

// `made` gets each of them, and `begin` is how it starts.
inline net::MakeProtocol serve_echoes(Echoes& made, const EchoState& begin) {
  return [&made, begin](net::ConnectionContext context) {
    auto state = std::make_shared<EchoState>(begin);
    state->context = std::make_shared<const net::ConnectionContext>(std::move(context));
    made.push_back(state);
    return std::make_shared<Echo>(std::move(state));
  };
}

}  // namespace gridloom::node
