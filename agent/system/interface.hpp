// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// True if the kernel could have an interface of this name and it is safe as a file name:
/// 1 to 15 characters, no '/', ':' or white space, neither "." nor "..".
[[nodiscard]] bool is_interface_name(std::string_view name);

/// The index of an interface in the network namespace of this thread; ENODEV: there is none.
[[nodiscard]] Result<unsigned> interface_index(const std::string& name);

/// The name of an interface; empty if there is none.
[[nodiscard]] std::string interface_name(unsigned index);

/// All interfaces of the network namespace, in the order of their index.
[[nodiscard]] std::vector<std::string> interfaces();

/// The addresses of an interface, each with the length of its network; ENODEV: no such interface.
struct InterfaceAddress {
    IpAddress address;
    Prefix network;

    bool operator==(const InterfaceAddress&) const = default;
};
[[nodiscard]] Result<std::vector<InterfaceAddress>> interface_addresses(const std::string& name);

/// Says that interfaces or addresses may have changed (rtnetlink multicast groups of links and
/// addresses). What has changed is for the owner to look up.
class InterfaceMonitor {
  public:
    [[nodiscard]] static Result<InterfaceMonitor> open();

    /// Polls readable when there is news.
    [[nodiscard]] int fd() const { return socket_.get(); }
    /// Reads what is there. @return true if anything was, or if the kernel had to leave news out
    [[nodiscard]] bool drain() const;

  private:
    explicit InterfaceMonitor(FileDescriptor socket) : socket_{std::move(socket)} {}
    FileDescriptor socket_;
};

}  // namespace tollgate::agent
