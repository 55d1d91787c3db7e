// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// Asks the kernel about the interface of a TUN device, under whatever name and in whatever network
/// namespace an administrator has put it meanwhile.
class TunControl {
  public:
    /// @param device  of the TUN device; must outlive the object
    explicit TunControl(int device) : device_{device} {}

    /// The interface's MTU, bytes; nothing if it is in a namespace that we may not enter (setns(2)
    /// needs CAP_SYS_ADMIN).
    [[nodiscard]] std::optional<std::size_t> mtu();

  private:
    [[nodiscard]] std::optional<std::size_t> ask() const;
    void locate();

    int device_;
    std::string name_;
    FileDescriptor socket_;  ///< of the interface's namespace
};

}  // namespace tollgate::agent
