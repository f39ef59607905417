"""Sequence to sequence with attention: reversing digits, teacher forcing, greedy decoding."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

torch.manual_seed(0)
random.seed(0)
SOS, EOS, hidden_size, MAX_LENGTH = 0, 1, 24, 6


def make_pair():
    length = random.randint(2, 4)
    digits = [random.randint(2, 7) for _ in range(length)]
    source = digits + [EOS] * (MAX_LENGTH - length)
    target = digits[::-1] + [EOS] * (MAX_LENGTH - length)
    return source, target


class EncoderRNN(nn.Module):
    def __init__(self, input_size):
        super(EncoderRNN, self).__init__()
        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)

    def forward(self, input):
        return self.gru(self.embedding(input))


class BahdanauAttention(nn.Module):
    def __init__(self):
        super(BahdanauAttention, self).__init__()
        self.Wa = nn.Linear(hidden_size, hidden_size)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Va = nn.Linear(hidden_size, 1)

    def forward(self, query, keys):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys)))
        weights = F.softmax(scores.squeeze(2).unsqueeze(1), dim=-1)
        return torch.bmm(weights, keys), weights


class AttnDecoderRNN(nn.Module):
    def __init__(self, output_size):
        super(AttnDecoderRNN, self).__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.attention = BahdanauAttention()
        self.gru = nn.GRU(2 * hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, encoder_outputs, encoder_hidden, target=None):
        batch_size = encoder_outputs.size(0)
        decoder_input = torch.empty(batch_size, 1, dtype=torch.long).fill_(SOS)
        hidden, outputs, attentions = encoder_hidden, [], []
        for i in range(MAX_LENGTH):
            embedded = self.embedding(decoder_input)
            context, weights = self.attention(hidden.permute(1, 0, 2), encoder_outputs)
            output, hidden = self.gru(torch.cat((embedded, context), dim=2), hidden)
            outputs.append(self.out(output))
            attentions.append(weights)
            if target is not None:
                decoder_input = target[:, i].unsqueeze(1)
            else:
                _, topi = outputs[-1].topk(1)
                decoder_input = topi.squeeze(-1).detach()
        return (
            F.log_softmax(torch.cat(outputs, dim=1), dim=-1),
            hidden,
            torch.cat(attentions, dim=1),
        )


encoder, decoder = EncoderRNN(8), AttnDecoderRNN(8)
encoder_optimizer = optim.Adam(encoder.parameters(), lr=0.01)
decoder_optimizer = optim.Adam(decoder.parameters(), lr=0.01)
criterion = nn.NLLLoss()
for step in range(25):
    source, target = (torch.tensor(part) for part in zip(*[make_pair() for _ in range(16)]))
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    encoder_outputs, encoder_hidden = encoder(source)
    use_teacher = random.random() < 0.7
    decoder_outputs, _, _ = decoder(
        encoder_outputs, encoder_hidden, target if use_teacher else None
    )
    loss = criterion(decoder_outputs.view(-1, 8), target.view(-1))
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    if step % 5 == 4:
        print(f"{step} {loss.item():.2f} {'forced' if use_teacher else 'free'}")
encoder.eval()
decoder.eval()
with torch.no_grad():
    outputs, _, attention = decoder(*encoder(source[:2]))
    print(outputs.shape, attention.shape, attention.sum(-1)[0])
