// The carrier of bytes between the nodes of a cluster: a bus, or memory in a test.
//
// It may lose, repeat and reorder what it is given: a NodeLink makes an ordered stream of it. It
// also says which nodes are there.
#pragma once

#include <string>

namespace gridloom::hub {

class Peers {
 public:
  class Handler {
   public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;
    // From any thread; for one node from one thread at a time.
    virtual void received(const std::string& from, std::string bytes) = 0;
    // The node is there, for the first time or again. A node that was started anew was away.
    virtual void node_is_there(const std::string& node) = 0;
    // The node is not heard any more: others may own its partitions from now on.
    virtual void node_is_away(const std::string& node) = 0;
  };

  Peers() = default;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  virtual ~Peers() = default;

  // `handler` is called from now on; null: nobody is, and no call is under way any more.
  virtual void use(Handler* handler) = 0;
  // From any thread, without waiting. False: refused for now; the caller tries again later.
  [[nodiscard]] virtual bool send(const std::string& node, const std::string& bytes) = 0;
};

}  // namespace gridloom::hub
