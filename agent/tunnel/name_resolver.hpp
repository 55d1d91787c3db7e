// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/host_port.hpp"

namespace tollgate::agent {

/// What a name stands for, in the order of preference (RFC 6724); never empty.
using Resolution = Result<std::vector<Endpoint>>;

/// Asks the system's resolver, which may take a minute.
[[nodiscard]] Resolution resolve(const HostPort& name);

/// Resolves names one after another in a thread of its own, so that nobody waits for DNS. The
/// members are for one thread.
class NameResolver {
  public:
    using Lookup = std::function<Resolution(const HostPort&)>;
    struct Answer {
        HostPort name;
        Resolution resolution;
    };

    explicit NameResolver(Lookup lookup = resolve);
    /// Does not wait for a lookup that is under way: its answer is lost.
    ~NameResolver();
    NameResolver(const NameResolver&) = delete;
    NameResolver& operator=(const NameResolver&) = delete;

    /// A name that waits already does not wait twice.
    void ask(const HostPort& name);
    /// What has been answered since the last call.
    [[nodiscard]] std::vector<Answer> take();

  private:
    struct Shared;
    static void work(const std::shared_ptr<Shared>& shared);

    std::shared_ptr<Shared> shared_;
};

}  // namespace tollgate::agent
