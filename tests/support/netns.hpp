// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "agent/system/file_descriptor.hpp"

/// Hosts for tests: network namespaces with veth pairs between them, gone when their object is.
namespace tollgate::test {

/// Runs a command and waits for it. @return its exit status; 127 if it could not be run
int run_command(const std::vector<std::string>& command);

/// What a command writes to its standard output. Fails the test if it does not exit with 0.
std::string output_of(const std::vector<std::string>& command);

/// A network namespace with a name that no other process uses (/run/netns/tg-LABEL-PID-N).
class NetworkNamespace {
  public:
    /// @param label  at most a few letters
    explicit NetworkNamespace(std::string_view label);
    ~NetworkNamespace() { remove(); }
    NetworkNamespace(const NetworkNamespace&) = delete;
    NetworkNamespace& operator=(const NetworkNamespace&) = delete;

    /// Removes it now. Its interfaces die with it, once no socket holds it.
    void remove();

    [[nodiscard]] const std::string& name() const { return name_; }
    /// `ip -n NAME ...`; fails the test if the command does.
    void ip(std::vector<std::string> arguments) const;

  private:
    std::string name_;
};

/// This thread is in a namespace while the object lives. Other threads are not.
class Inside {
  public:
    explicit Inside(const NetworkNamespace& there);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

  private:
    agent::FileDescriptor home_;
};

/// One end of a veth pair.
struct VethEnd {
    const NetworkNamespace& where;
    std::string interface;
    std::string address;  ///< with length: "192.0.2.1/24"
};

/// Makes a veth pair, both ends up with their addresses. IPv6 stays silent.
void connect(const VethEnd& one, const VethEnd& other);

/// eth0 with 192.0.2.1/24, up, on a wire that leads nowhere.
void add_lonely_eth0(const NetworkNamespace& host);

/// A UDP socket that stays in the namespace in which it was made.
class UdpSocket {
  public:
    /// @param port  0: any
    UdpSocket(const NetworkNamespace& where, std::uint16_t port);

    /// @return false: refused locally, as TC egress does (EPERM, ENOBUFS)
    [[nodiscard]] bool send(const std::string& address,
                            std::uint16_t port,
                            std::string_view payload) const;
    /// The next datagram, if one comes in time.
    [[nodiscard]] std::optional<std::string> receive(
        std::chrono::milliseconds timeout = std::chrono::milliseconds{300}) const;

  private:
    agent::FileDescriptor fd_;
};

/// A test that needs root: fails in CI without it, is skipped elsewhere.
class RootTest : public ::testing::Test {
  protected:
    void SetUp() override;
};

}  // namespace tollgate::test
