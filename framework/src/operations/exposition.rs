//! The counters as text.
//!
//! Takes: a scrape. Emits: the text format of Prometheus, version 0.0.4. Keeps: what is summed over sessions or
//! workers is summed here, so that nobody else pays for it.

use std::collections::BTreeMap;
use std::fmt;

use greenroom_proto::socket::reason::DisconnectReason;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::runtime::histogram::Times;
use crate::runtime::metrics::NamespaceMetrics;
use crate::server::Server;

pub(super) use prometheus_text::CONTENT_TYPE;

/// All counters of a server, as text.
pub(super) fn encode(server: &Server) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("greenroom");
    registry.register_collector(Box::new(Scrape(server.clone())));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry)?;
    Ok(text)
}

/// One reading of a server.
#[derive(Debug)]
struct Scrape(Server);

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.sessions(&mut page)?;
        self.sockets(&mut page)?;
        self.traffic(&mut page)?;
        self.handlers(&mut page)?;
        self.faults(&mut page)
    }
}

impl Scrape {
    fn sessions(&self, page: &mut Page<'_>) -> fmt::Result {
        let (engine, stats) = (&self.0.engine, self.0.stats());
        let ready = engine.is_listening() && !engine.is_leaving();
        page.gauge("ready", "Whether new clients are welcome", i64::from(ready))?;
        let by_transport = [
            ("polling", stats.sessions - stats.sessions_on_websocket),
            ("websocket", stats.sessions_on_websocket),
        ];
        page.gauges("sessions", "Open sessions", "transport", by_transport)?;
        page.counter("sessions_opened", "Sessions opened", stats.sessions_opened)?;
        let closes = by_reason(engine.runtime().metrics.by_reason(|all| &all.session_closes));
        page.counters("session_closes", "Sessions closed", "reason", closes)?;
        let outboxes = engine.outbox_bytes();
        page.gauge("outbox_bytes", "Bytes that wait for clients", outboxes.all)?;
        page.gauge(
            "outbox_largest_bytes",
            "Bytes that wait for the client furthest behind",
            outboxes.largest,
        )?;
        page.counter("volatile_dropped", "Volatile packets left out", stats.volatile_dropped)?;
        page.counter(
            "slow_clients_closed",
            "Sessions closed because their outbox was full",
            stats.slow_clients_closed,
        )
    }

    fn sockets(&self, page: &mut Page<'_>) -> fmt::Result {
        let namespaces = self.0.shared.counted_namespaces();
        let of = |count: fn(&NamespaceMetrics) -> i64| {
            let mut by_label = BTreeMap::new();
            for namespace in &namespaces {
                *by_label.entry(&*namespace.metrics.label).or_insert(0) += count(&namespace.metrics);
            }
            by_label
        };
        page.gauges("sockets", "Connected sockets", "namespace", of(|it| it.sockets.value()))?;
        page.gauges("rooms", "Rooms with members", "namespace", of(|it| it.rooms.value()))?;
        let connects = of(|it| saturated(it.connects()));
        page.counters("socket_connects", "Sockets that connected", "namespace", connects)?;
        let disconnects = by_reason(self.0.engine.runtime().metrics.by_reason(|all| &all.disconnects));
        page.counters("socket_disconnects", "Sockets that left", "reason", disconnects)?;
        let waiting = of(|it| saturated(it.mailbox.waiting()));
        page.gauges("namespace_mailbox_depth", "Messages that wait for a namespace", "namespace", waiting)?;
        let stats = self.0.stats();
        page.gauge("custom_rooms", "Custom rooms alive", stats.custom_rooms)?;
        page.gauge("plain_websockets", "Plain WebSockets in custom rooms", stats.plain_websockets)?;
        page.gauge("memberships", "Memberships of sockets in rooms", stats.members)
    }

    fn traffic(&self, page: &mut Page<'_>) -> fmt::Result {
        let stats = self.0.stats();
        page.counter("events_received", "Events of clients that were handled", stats.events_in)?;
        page.counter("events_sent", "Events put into outboxes, one for each recipient", stats.events_out)?;
        page.counter(
            "packets_sent",
            "Packets put into outboxes: events, acknowledgements, answers",
            stats.deliveries,
        )?;
        page.counter("events_refused", "Events of clients that sent too many", stats.events_refused)?;
        page.counter("sessions_refused", "Sessions of addresses with too many", stats.sessions_refused)?;
        page.counter("tokens_ended", "Sockets whose token expired or was revoked", stats.tokens_ended)?;
        page.counter(
            "acks_timed_out",
            "Acknowledgements that a client did not send in time",
            stats.acks_timed_out,
        )?;
        page.counter("mailbox_messages", "Messages that entered a mailbox", stats.mailbox_messages)?;
        page.counter(
            "mailbox_full",
            "Messages that found a mailbox full: their senders waited",
            stats.mailbox_full,
        )
    }

    fn handlers(&self, page: &mut Page<'_>) -> fmt::Result {
        let workers = self.0.engine.runtime().workers.all();
        let depths: Vec<_> = workers
            .iter()
            .map(|(worker, it)| (worker.id.0.to_string(), saturated(it.fanout_messages.waiting())))
            .collect();
        let depths = depths.iter().map(|(worker, depth)| (worker.as_str(), *depth));
        page.gauges("fanout_mailbox_depth", "Messages that wait for a fanout", "worker", depths)?;
        let times = [
            ("sync", Times::of(workers.iter().map(|(_, it)| &it.handlers))),
            ("async", Times::of(workers.iter().map(|(_, it)| &it.async_handlers))),
        ];
        let help = "Time of handlers: on their worker, or until an asynchronous one has ended";
        page.histograms("handler_duration", help, "kind", times)?;
        page.counter(
            "slow_room_steps",
            "Steps of custom rooms that held their thread",
            self.0.stats().slow_room_steps,
        )
    }

    fn faults(&self, page: &mut Page<'_>) -> fmt::Result {
        let stats = self.0.stats();
        page.counter("panics", "Panics caught in user code", stats.panics)?;
        page.counter("actor_deaths", "Actors that ended by a panic of their own", stats.actor_deaths)?;
        page.counter("packets_lost", "Packets on their way through an actor that died", stats.packets_lost)?;
        page.counter(
            "node_messages_lost",
            "Messages of other nodes that found the queue full",
            stats.node_messages_lost,
        )
    }
}

fn by_reason(
    counts: impl Iterator<Item = (DisconnectReason, u64)>,
) -> impl Iterator<Item = (&'static str, i64)> {
    counts.map(|(reason, count)| (reason.as_str(), saturated(count)))
}

fn saturated(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Where families of metrics are written.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: i64) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }

    fn gauges<'s>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        samples: impl IntoIterator<Item = (&'s str, i64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (of, value) in samples {
            family.encode_family(&[(label, of)])?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: i64) -> fmt::Result {
        let value = u64::try_from(value).unwrap_or(0);
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn counters<'s>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        samples: impl IntoIterator<Item = (&'s str, i64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (of, value) in samples {
            let value = u64::try_from(value).unwrap_or(0);
            family.encode_family(&[(label, of)])?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    fn histograms<'s>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        samples: impl IntoIterator<Item = (&'s str, Times)>,
    ) -> fmt::Result {
        let unit = Unit::Seconds;
        let mut family = self.0.encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?;
        for (of, Times { seconds, count, ranges }) in samples {
            let labels = [(label, of)];
            let mut one = family.encode_family(&labels)?;
            one.encode_histogram::<NoLabelSet>(seconds, count, &ranges, None)?;
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::testing::Simulation;

    #[actix_web::test]
    async fn namespaces_that_clients_choose_are_counted_under_their_pattern() {
        let config = Config { cleanup_empty_child_namespaces: true, ..Config::default() };
        let server = Server::builder().config(config).build();
        server.of_pattern("^/table-[0-9]+$").unwrap();
        server.of_matching(|path, _| path.starts_with("/free-"));
        let simulation = Simulation::new(&server, 2, 1);
        let clients: Vec<_> = (0..3).map(|_| simulation.open(0)).collect();
        for (client, path) in clients.iter().zip(["/table-1", "/table-2", "/free-\"x"]) {
            client.send(&format!("0{path},")).await;
        }
        simulation.run().await;
        let text = encode(&server).unwrap();
        for line in [
            "greenroom_sockets{namespace=\"^/table-[0-9]+$\"} 2\n",
            "greenroom_sockets{namespace=\"(by a function)\"} 1\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("/table-1") && !text.contains("/free-"), "{text}");

        clients[1].send("1/table-2,").await;
        simulation.run().await;
        let text = encode(&server).unwrap();
        assert!(text.contains("greenroom_sockets{namespace=\"^/table-[0-9]+$\"} 1\n"), "{text}");
        assert!(
            text.contains("greenroom_socket_connects_total{namespace=\"^/table-[0-9]+$\"} 2\n"),
            "{text}"
        );
    }
}
