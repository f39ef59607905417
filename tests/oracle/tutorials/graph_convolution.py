"""A graph convolutional network with a sparse adjacency matrix, and the same with a dense one."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter


def normalize(mx):
    rowsum = np.array(mx.sum(1))
    r_inv = np.power(rowsum, -1).flatten()
    r_inv[np.isinf(r_inv)] = 0.0
    return np.diag(r_inv).dot(mx)


def accuracy(output, labels):
    preds = output.max(1)[1].type_as(labels)
    correct = preds.eq(labels).double()
    correct = correct.sum()
    return correct / len(labels)


class GraphConvolution(Module):
    def __init__(self, in_features, out_features, bias=True):
        super(GraphConvolution, self).__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(torch.FloatTensor(in_features, out_features))
        if bias:
            self.bias = Parameter(torch.FloatTensor(out_features))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        support = torch.mm(input, self.weight)
        output = torch.spmm(adj, support)
        if self.bias is not None:
            return output + self.bias
        return output

    def __repr__(self):
        return (
            self.__class__.__name__
            + " ("
            + str(self.in_features)
            + " -> "
            + str(self.out_features)
            + ")"
        )


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super(GCN, self).__init__()
        self.gc1, self.gc2 = GraphConvolution(nfeat, nhid), GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


np.random.seed(42)
torch.manual_seed(42)
N = 40
labels = np.arange(N) % 3
A = (np.random.rand(N, N) < np.where(labels[:, None] == labels[None], 0.3, 0.03)).astype(np.float32)
A = np.maximum(A, A.T)
feats = np.random.randn(N, 12).astype(np.float32) + np.eye(3)[labels].repeat(4, 1)
adj_d = normalize(A + np.eye(N))
r, c = adj_d.nonzero()
indices = torch.from_numpy(np.vstack((r, c)).astype(np.int64))
values = torch.from_numpy(adj_d[r, c].astype(np.float32))
adj = torch.sparse_coo_tensor(indices, values, torch.Size((N, N)))
features, labels = torch.FloatTensor(feats), torch.LongTensor(labels)
idx_train, idx_val = torch.LongTensor(range(15)), torch.LongTensor(range(15, 40))
for model, ad in ((GCN(12, 16, 3, 0.5), adj), (GCN(12, 16, 3, 0.5), adj.to_dense())):
    print(model)
    optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    for epoch in range(8):
        model.train()
        optimizer.zero_grad()
        output = model(features, ad)
        loss_train = F.nll_loss(output[idx_train], labels[idx_train])
        acc_train = accuracy(output[idx_train], labels[idx_train])
        loss_train.backward()
        optimizer.step()
        model.eval()
        output = model(features, ad)
        loss_val = F.nll_loss(output[idx_val], labels[idx_val])
        print(
            "Epoch: {:04d}".format(epoch + 1),
            "loss_train: {:.4f}".format(loss_train.item()),
            "acc_train: {:.4f}".format(acc_train.item()),
            "loss_val: {:.4f}".format(loss_val.item()),
            "acc_val: {:.4f}".format(accuracy(output[idx_val], labels[idx_val]).item()),
        )
print(adj.coalesce().indices()[:, :5], torch.sparse.sum(adj, 1).values()[:4])
print(torch.eye(3).to_sparse() * 2)
