"""A foreign client's day with a Pub/Sub server: prints one JSON object of what it saw.

The server is named by PUBSUB_EMULATOR_HOST, as for any Google client library.
"""

import concurrent.futures
import json
import threading
import time

from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.protobuf import timestamp_pb2
from google.pubsub_v1.types import DeadLetterPolicy

PROJECT = "python-client"
TIMEOUT_S = 20


class Listener:
    """A streaming pull that keeps what came, and hands every message to `handle`."""

    def __init__(self, subscriber, subscription, handle, **options):
        self.seen = []
        self._arrived = threading.Condition()

        def callback(message):
            handle(message, self.seen)
            with self._arrived:
                self.seen.append(message)
                self._arrived.notify_all()

        self._future = subscriber.subscribe(subscription, callback=callback, **options)

    def wait_for(self, count):
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.seen) >= count, TIMEOUT_S)

    def close(self):
        self._future.cancel()
        try:
            self._future.result(timeout=TIMEOUT_S)
        except concurrent.futures.CancelledError:
            pass


def main():
    publisher = pubsub_v1.PublisherClient(
        publisher_options=pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
    )
    subscriber = pubsub_v1.SubscriberClient()
    seen = {}
    for scenario in (names, ordering, nack, exactly_once, seek, dead_letter):
        seen[scenario.__name__] = scenario(publisher, subscriber)
    subscriber.close()
    publisher.stop()
    print(json.dumps(seen))


def pair(publisher, subscriber, name, **options):
    topic = publisher.topic_path(PROJECT, name)
    subscription = subscriber.subscription_path(PROJECT, name)
    publisher.create_topic(request={"name": topic})
    subscriber.create_subscription(
        request={"name": subscription, "topic": topic, **options}
    )
    return topic, subscription


def names(publisher, subscriber):
    topic, subscription = pair(publisher, subscriber, "names")
    seen = {
        "topics": [t.name for t in publisher.list_topics(request={"project": f"projects/{PROJECT}"})],
        "subscriptions": list(publisher.list_topic_subscriptions(request={"topic": topic})),
        "ack_deadline": subscriber.get_subscription(
            request={"subscription": subscription}
        ).ack_deadline_seconds,
    }
    for label, call in {
        "twice": lambda: publisher.create_topic(request={"name": topic}),
        "missing": lambda: publisher.get_topic(request={"topic": topic + "-missing"}),
        "bad": lambda: publisher.create_topic(request={"name": "nonsense"}),
    }.items():
        try:
            call()
            seen[label] = "OK"
        except exceptions.GoogleAPICallError as error:
            seen[label] = type(error).__name__
    return seen


def ordering(publisher, subscriber):
    topic, subscription = pair(
        publisher, subscriber, "ordering", enable_message_ordering=True
    )
    futures = [
        publisher.publish(topic, str(n).encode(), ordering_key=f"key-{n % 2}", n=str(n))
        for n in range(100)
    ]
    ids = {future.result(timeout=TIMEOUT_S) for future in futures}
    listener = Listener(subscriber, subscription, lambda message, _: message.ack())
    is_complete = listener.wait_for(100)
    listener.close()
    by_key = {}
    for message in listener.seen:
        by_key.setdefault(message.ordering_key, []).append(int(message.data))
    return {
        "ids": len(ids),
        "is_complete": is_complete,
        "is_ordered": all(numbers == sorted(numbers) for numbers in by_key.values()),
        "keys": sorted(by_key),
        "have_attributes": all(m.attributes["n"] == m.data.decode() for m in listener.seen),
        "have_publish_time": all(m.publish_time.timestamp() > 1.7e9 for m in listener.seen),
    }


def nack(publisher, subscriber):
    topic, subscription = pair(publisher, subscriber, "nack")
    publisher.publish(topic, b"again").result(timeout=TIMEOUT_S)
    listener = Listener(
        subscriber, subscription, lambda m, seen: m.ack() if seen else m.nack()
    )
    is_complete = listener.wait_for(2)
    listener.close()
    return {
        "is_complete": is_complete,
        "distinct": len({message.message_id for message in listener.seen}),
    }


def exactly_once(publisher, subscriber):
    topic, subscription = pair(
        publisher, subscriber, "exactly-once", enable_exactly_once_delivery=True
    )
    for n in range(10):
        publisher.publish(topic, str(n).encode()).result(timeout=TIMEOUT_S)
    answers = []
    listener = Listener(
        subscriber, subscription, lambda m, _: answers.append(m.ack_with_response())
    )
    is_complete = listener.wait_for(10)
    results = [answer.result(timeout=TIMEOUT_S).name for answer in answers]
    listener.close()
    return {
        "is_complete": is_complete,
        "results": sorted(set(results)),
        "distinct": len({message.message_id for message in listener.seen}),
    }


def seek(publisher, subscriber):
    topic, subscription = pair(publisher, subscriber, "seek", retain_acked_messages=True)
    publisher.publish(topic, b"again").result(timeout=TIMEOUT_S)
    pulled = subscriber.pull(request={"subscription": subscription, "max_messages": 1})
    first = pulled.received_messages
    subscriber.acknowledge(
        request={"subscription": subscription, "ack_ids": [m.ack_id for m in first]}
    )
    before = timestamp_pb2.Timestamp(seconds=int(time.time()) - 3600)
    subscriber.seek(request={"subscription": subscription, "time": before})
    again = Listener(subscriber, subscription, lambda message, _: message.ack())
    is_again = again.wait_for(1)
    again.close()
    return {"first": len(first), "is_again": is_again}


def dead_letter(publisher, subscriber):
    dead_topic, dead_subscription = pair(publisher, subscriber, "dead-letters")
    topic, subscription = pair(
        publisher,
        subscriber,
        "poisoned",
        dead_letter_policy=DeadLetterPolicy(
            dead_letter_topic=dead_topic, max_delivery_attempts=5
        ),
    )
    publisher.publish(topic, b"poison", kind="bad").result(timeout=TIMEOUT_S)
    letters = Listener(subscriber, dead_subscription, lambda message, _: message.ack())
    listener = Listener(subscriber, subscription, lambda message, _: message.nack())
    is_forwarded = letters.wait_for(1)
    listener.close()
    letters.close()
    attributes = dict(letters.seen[0].attributes) if letters.seen else {}
    return {
        "is_forwarded": is_forwarded,
        "attempts": [message.delivery_attempt for message in listener.seen],
        "kind": attributes.get("kind"),
        "count": attributes.get("CloudPubSubDeadLetterSourceDeliveryCount"),
        "source": attributes.get("CloudPubSubDeadLetterSourceSubscription"),
    }


main()
